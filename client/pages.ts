// Lists that read on by themselves.

type PageOf<Item> = { results: Item[]; next: string | null };

/** A list: `for await` gives each item, fetching page after page as it goes; `page` fetches one. */
export type Pages<Item, Page extends PageOf<Item>> = AsyncIterable<Item> & {
  /** One page: the first, or the one that `next` or `previous` of another page of the same list stands for. */
  page(cursor?: string): Promise<Page>;
};

export function pages<Item, Page extends PageOf<Item>>(
  read: (cursor: string | undefined) => Promise<Page>,
): Pages<Item, Page> {
  const page = (cursor?: string) => read(cursor === undefined ? undefined : cursorOf(cursor));
  return {
    page,
    async *[Symbol.asyncIterator]() {
      let next: string | undefined;
      do {
        const { results, next: following } = await page(next);
        yield* results;
        next = following ?? undefined;
      } while (next);
    },
  };
}

/** Only the cursor is taken from a reply: where requests go is the caller's to say, and may lie under a path. */
function cursorOf(text: string): string {
  const at = text.indexOf('?');
  return at < 0 ? text : (new URLSearchParams(text.slice(at)).get('cursor') ?? '');
}
