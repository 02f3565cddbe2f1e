// What is done to an import, and what its refusal means to people.
import { Problem } from '#client/clientele.ts';
import type { Import } from '#contract/imports.ts';
import { api } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { Failure } from '../ui/page.tsx';
import { words } from '../words.ts';

/** Does something to an import, and shows what it is then; or why not. */
export type Act = (action: () => Promise<Import>) => Promise<boolean>;

export function Discard({ one, act }: { one: Import; act: Act }) {
  return (
    <div>
      <Button onClick={() => act(() => api().imports.cancel(one.id))}>{words.imports.discard}</Button>
    </div>
  );
}

/** Why something was refused, and what to do. */
export function Refusal({ error }: { error: unknown }) {
  const known = error instanceof Problem ? words.imports.refusals[error.code] : undefined;
  return <Failure error={known === undefined ? error : new Error(known)} />;
}
