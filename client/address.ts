// Addresses: what is put into one arrives as it was meant, or is refused here.

/** The address of the server, without a slash at its end; a path in it stays in front of `/api`. */
export function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash)
    throw new TypeError('The url must be an http or https address without credentials, query or fragment.');
  return url.origin + url.pathname.replace(/(?<!\/)\/+$/, '');
}

/** One segment of a path. Throws a TypeError for what no path can carry. */
export function segment(text: string): string {
  // Dots are taken for steps in the tree, percent-encoded too (WHATWG URL, "double-dot path segment").
  if (text === '' || text === '.' || text === '..')
    throw new TypeError(`"${text}" cannot be sent as part of a path, by whatever encoding.`);
  return encode(text);
}

/** A query string, with its question mark, or nothing. Lists are joined by commas, and ranges are written `name[gte]`. */
export function queryString(query: object): string {
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    isRange(value)
      ? Object.entries(value).map(([operator, bound]) => [`${name}[${operator}]`, bound])
      : [[name, value]],
  );
  const parts = parameters.flatMap(([name, value]) =>
    value === undefined ? [] : `${encode(name)}=${encode(textOf(value))}`,
  );
  return parts.length > 0 ? `?${parts.join('&')}` : '';
}

const isRange = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

const textOf = (value: unknown) => (value instanceof Date ? value.toISOString() : String(value));

function encode(text: string): string {
  // URLSearchParams would make it U+FFFD, which is then looked for.
  if (!text.isWellFormed()) throw new TypeError('A text with half of a surrogate pair cannot be sent.');
  return encodeURIComponent(text);
}
