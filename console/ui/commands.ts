// What can be done on the page that is open, for the palette to find by name.
import { type ReactNode, useEffect, useId, useRef, useSyncExternalStore } from 'react';

export type Command = { id: string; label: string; run(): void; icon?: ReactNode; keywords?: string };

let commands: Command[] = [];
const listeners = new Set<() => void>();

/** Offers something in the palette for as long as the component is there. `keywords`: other words that find it. */
export function useCommand(
  label: string,
  run: () => void,
  options: { icon?: ReactNode; keywords?: string } = {},
): void {
  const id = useId();
  const latest = useRef({ run, ...options });
  const { keywords } = options;
  useEffect(() => {
    latest.current = { run, ...options };
  });
  useEffect(() => {
    const command = { id, label, keywords, icon: latest.current.icon, run: () => latest.current.run() };
    set([...commands, command]);
    return () => set(commands.filter((one) => one !== command));
  }, [id, label, keywords]);
}

/** Those of what is open now, in the order in which they came. */
export const useCommands = (): Command[] => useSyncExternalStore(subscribe, () => commands);

function set(next: Command[]): void {
  commands = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
