// The regions of the world (ISO 3166-1), as the browser names them in the person's language.

/** Those that have a code of two letters and yet no telephones of their own: unions, and codes for tests. */
const NONE = new Set(['EU', 'EZ', 'UN', 'QO', 'XA', 'XB', 'ZZ']);
const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];

let known: { code: string; name: string }[] | undefined;

/** By name. */
export function regions(): { code: string; name: string }[] {
  known ??= read();
  return known;
}

function read() {
  const names = new Intl.DisplayNames(undefined, { type: 'region', fallback: 'none' });
  return (
    LETTERS.flatMap((first) => LETTERS.map((second) => first + second))
      // A code that is no longer used stands for the one that took its place.
      .filter((code) => !NONE.has(code) && new Intl.Locale(`und-${code}`).region === code)
      .flatMap((code) => {
        const name = names.of(code);
        return name === undefined ? [] : [{ code, name }];
      })
      .sort((one, other) => one.name.localeCompare(other.name))
  );
}
