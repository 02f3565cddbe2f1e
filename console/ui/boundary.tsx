// Where a page broke, or could not be loaded, the rest of the console goes on.
import { Component, type ReactNode } from 'react';
import { words } from '../words.ts';
import { Button } from './button.tsx';
import { Empty } from './page.tsx';

/** With another `place` it tries anew. */
export class Boundary extends Component<{ place: string; children: ReactNode }, { brokeAt?: string }> {
  override state: { brokeAt?: string } = {};

  static getDerivedStateFromError() {
    return { brokeAt: '' };
  }

  override componentDidCatch() {
    this.setState({ brokeAt: this.props.place });
  }

  override componentDidUpdate() {
    const { brokeAt } = this.state;
    if (brokeAt && brokeAt !== this.props.place) this.setState({ brokeAt: undefined });
  }

  override render() {
    if (this.state.brokeAt === undefined) return this.props.children;
    return (
      <div role="alert">
        <Empty title={words.frame.broken}>
          <p>{words.frame.brokenHelp}</p>
          <Button look="primary" onClick={() => location.reload()}>
            {words.frame.reload}
          </Button>
        </Empty>
      </div>
    );
  }
}
