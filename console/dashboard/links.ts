// Every figure leads to the customers that it counts.

/** The list with a filter, by the names that its parameters have in the API. */
export function listOf(filter: Record<string, string>): string {
  const query = new URLSearchParams(filter).toString();
  return query === '' ? '/customers' : `/customers?${query}`;
}
