// What a request asks of the version that it changes, or has already.
import { invalid } from './problem.ts';

/** The versions that If-Match names; undefined where any will do. A weak tag never matches (RFC 9110, section 13.1.1). */
export function readIfMatch(header: string | undefined): number[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const tags = header.split(',').map((tag) => tag.trim());
  if (!tags.every((tag) => /^(W\/)?"[\x21\x23-\x7e]*"$/.test(tag)))
    throw invalid([{ pointer: 'If-Match', code: 'invalid_header', detail: 'If-Match must be an ETag, such as "3".' }]);
  return tags.map((tag) => (/^"[1-9]\d{0,8}"$/.test(tag) ? Number(tag.slice(1, -1)) : -1));
}

/**
 * Whether If-None-Match (RFC 9110, section 13.1.2) names this tag, so that whoever asks has the reply already. Compared
 * weakly: what stands between may have compressed the text.
 */
export function hasAlready(header: string | undefined, etag: string): boolean {
  const opaque = etag.replace(/^W\//, '');
  return header?.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === opaque) ?? false;
}
