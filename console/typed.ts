// What somebody has typed and not saved yet. It is kept for as long as the tab is there, so that neither a reload nor a
// session that ended takes it away.
import { useState } from 'react';
import { openWorkspace } from './api.ts';

const PREFIX = 'clientele.typed.';

/** `name` says what it is about; what is typed in one workspace is not offered in another. `undefined`: nothing is typed. */
export function useTyped<Value>(name: string): [Value | undefined, (value: Value | undefined) => void] {
  const place = placeOf(name);
  const [typed, setTyped] = useState(() => read<Value>(place));
  return [
    typed,
    (value) => {
      setTyped(value);
      write(place, value);
    },
  ];
}

const placeOf = (name: string) => `${PREFIX}${openWorkspace() ?? ''}.${name}`;

function read<Value>(place: string): Value | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

function write(place: string, value: unknown): void {
  try {
    if (value === undefined) sessionStorage.removeItem(place);
    else sessionStorage.setItem(place, JSON.stringify(value));
  } catch {
    // Storage may be forbidden or full; then it is kept for as long as it is shown.
  }
}
