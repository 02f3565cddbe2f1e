// What a browser keeps for a person: how they like to work, never what they work with.

/** What was kept under a name; undefined where there is nothing, or nothing that can be read. */
export function readKept<Value>(name: string): Value | undefined {
  try {
    return JSON.parse(localStorage.getItem(name) ?? 'null') ?? undefined;
  } catch {
    return undefined; // storage may be forbidden, or written by somebody else
  }
}

export function writeKept(name: string, value: unknown): void {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Storage may be forbidden or full; then it holds until the page is left.
  }
}
