// The state of a cause, by word and by colour.
import type { Cause } from '#contract/causes.ts';
import { Badge } from '../ui/page.tsx';
import { words } from '../words.ts';

export function CauseBadge({ state, undone_by }: Pick<Cause, 'state' | 'undone_by'>) {
  if (undone_by) return <Badge>{words.activity.states.undone}</Badge>;
  const tone = state === 'done' ? 'good' : state === 'failed' ? 'bad' : state === 'ready' ? 'warn' : 'plain';
  return <Badge tone={tone}>{words.activity.states[state]}</Badge>;
}
