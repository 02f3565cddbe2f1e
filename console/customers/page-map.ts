// The rows of a long list that are known, page by page, and where they stand in it. Pages are found by cursor and each leads to
// the one beside it; what was walked through without a break is a chain. A chain that begins at either end of the list knows its
// rank; one that was entered in the middle knows it roughly, until it meets a chain that knows better.

/** A cursor, and whether it is one of the list read from its other end. */
export type Ref = { cursor: string; reversed: boolean };
/** `previous`, `next`: what lies beside it; null where the list ends. */
export type Page<Row> = { rows: Row[]; previous: Ref | null; next: Ref | null };
type Piece = { size: number; previous: Ref | null; next: Ref | null };
type Chain<Row> = { start: number; rows: Row[]; pieces: Piece[]; isExact: boolean };

/** What to load so that rows that are looked at become known. `index`: the first of them that is not. */
export type Need =
  | { kind: 'top' }
  | { kind: 'bottom' }
  | { kind: 'jump'; index: number }
  | { kind: 'after' | 'before'; ref: Ref; index: number };

/** Rows that are walked through rather than jumped over. */
export const NEAR = 600;
/** Left free where there must be more rows than the ranks have room for. */
const ROOM = 100;
/** Rows that are kept; and how many of them around those that are looked at. */
const KEPT = 20_000;
const KEPT_AROUND = 5000;

export function openPageMap<Row extends { id: string }>() {
  let chains: Chain<Row>[] = [];
  let total = 0;
  let isKnownEmpty = false;

  const endOf = (chain: Chain<Row>) => chain.start + chain.rows.length;
  const previousOf = (chain: Chain<Row>) => chain.pieces[0]!.previous;
  const nextOf = (chain: Chain<Row>) => chain.pieces.at(-1)!.next;
  const chainAt = (index: number) => chains.find((chain) => index >= chain.start && index < endOf(chain));
  const rowAt = (index: number): Row | undefined => {
    const chain = chainAt(index);
    return chain?.rows[index - chain.start];
  };

  function indexOf(id: string): number {
    for (const chain of chains) {
      const at = chain.rows.findIndex((row) => row.id === id);
      if (at >= 0) return chain.start + at;
    }
    return -1;
  }

  /** What to load next so that the rows from `first` to before `last` are known; undefined when they are. */
  function need(first: number, last: number, canJump: boolean): Need | undefined {
    if (chains.length === 0) return isKnownEmpty ? undefined : { kind: 'top' };
    const until = Math.min(last, total);
    let index = Math.max(0, first);
    for (let chain = chainAt(index); index < until && chain; chain = chainAt(index)) index = endOf(chain);
    if (index >= until) return undefined;
    const before = chains.findLast((chain) => endOf(chain) <= index);
    const after = chains.find((chain) => chain.start > index);
    const forwards = before && nextOf(before);
    const backwards = after && previousOf(after);
    const [ahead, behind] = [before ? index - endOf(before) : Infinity, after ? after.start - until : Infinity];
    if (forwards && ahead <= NEAR && ahead <= Math.max(behind, 0)) return { kind: 'after', ref: forwards, index };
    if (backwards && behind <= NEAR) return { kind: 'before', ref: backwards, index };
    if (forwards && ahead <= NEAR) return { kind: 'after', ref: forwards, index };
    if (!before && index <= NEAR) return { kind: 'top' };
    if (!after && total - until <= NEAR) return { kind: 'bottom' };
    if (canJump) return { kind: 'jump', index };
    if (!before) return { kind: 'top' };
    if (!after && total - until < ahead) return { kind: 'bottom' };
    if (backwards && behind < ahead) return { kind: 'before', ref: backwards, index };
    return forwards ? { kind: 'after', ref: forwards, index } : undefined;
  }

  /**
   * Takes in what was loaded for a need. Answers by how much the rank of the row at `seen` was corrected; where none is known
   * there, by how much that of a jump was: whoever jumps looks at what was found, or would ask for it forever.
   */
  function add(wanted: Need, page: Page<Row>, seen = 0): number {
    const jumpedTo = page.rows[0];
    const found = wanted.kind === 'jump' && jumpedTo ? { id: jumpedTo.id, at: wanted.index } : undefined;
    return keepSeen(seen, found, () => {
      if (wanted.kind === 'after' || wanted.kind === 'before') return extend(wanted, page);
      if (page.rows.length === 0) {
        if (wanted.kind !== 'jump') chains = [];
        if (chains.length === 0) [total, isKnownEmpty] = [0, wanted.kind !== 'jump'];
        return;
      }
      const { rows, previous, next } = page;
      const start = wanted.kind === 'top' ? 0 : wanted.kind === 'bottom' ? total - rows.length : wanted.index;
      const chain = { start, rows, pieces: [{ size: rows.length, previous, next }], isExact: wanted.kind !== 'jump' };
      if (wanted.kind === 'jump') chains = chains.filter(({ isExact }) => isExact); // one place in the middle is enough
      insert(chain);
    });
  }

  function extend({ kind, ref }: Extract<Need, { ref: Ref }>, { rows, previous, next }: Page<Row>): void {
    const chain = chains.find((one) => (kind === 'after' ? nextOf(one) : previousOf(one)) === ref);
    if (!chain) return; // meanwhile it was left behind
    if (rows.length === 0) {
      // What lay there has been deleted: the list ends here.
      if (kind === 'after') chain.pieces.at(-1)!.next = null;
      else chain.pieces[0]!.previous = null;
    } else if (kind === 'after') {
      chain.rows = [...chain.rows, ...rows];
      chain.pieces.push({ size: rows.length, previous, next });
    } else {
      chain.rows = [...rows, ...chain.rows];
      chain.pieces.unshift({ size: rows.length, previous, next });
      chain.start -= rows.length;
    }
    chains = chains.filter((one) => one !== chain);
    insert(chain);
  }

  /** Puts a chain among the others; where it has rows of a neighbour they become one. */
  function insert(chain: Chain<Row>): void {
    let one = chain;
    for (const other of chains) {
      const places = new Map(one.rows.map(({ id }, at) => [id, at]));
      const at = other.rows.findIndex(({ id }) => places.has(id));
      if (at < 0) continue;
      chains = chains.filter((left) => left !== other);
      // Their rows tell which begins first, whatever their ranks say.
      one = at >= places.get(other.rows[at]!.id)! ? join(other, one) : join(one, other);
    }
    const at = chains.findIndex((other) => other.start > one.start);
    chains.splice(at < 0 ? chains.length : at, 0, one);
    settle();
  }

  /** Makes one of two chains that have rows in common, of which the first begins first. */
  function join(first: Chain<Row>, second: Chain<Row>): Chain<Row> {
    const places = new Map(first.rows.map(({ id }, at) => [id, at]));
    const from = second.rows.findIndex(({ id }) => places.has(id));
    const until = places.get(second.rows[from]!.id)!;
    // Who knows the rank tells it to the other.
    const isExact = first.isExact || second.isExact;
    const start = first.isExact || !second.isExact ? first.start : second.start + from - until;
    if (first.rows.length - until >= second.rows.length - from) return { ...first, start, isExact };
    const rows = [...first.rows.slice(0, until), ...second.rows.slice(from)];
    const former = piecesOf(first.pieces, 0, until);
    const latter = piecesOf(second.pieces, from, second.rows.length);
    // Where they meet, cursors may lead into rows that were cut off: both pieces become one.
    const [end, begin] = [former.pop(), latter.shift()];
    const seam =
      end && begin ? { size: end.size + begin.size, previous: end.previous, next: begin.next } : (end ?? begin!);
    return { start, rows, pieces: [...former, seam, ...latter], isExact };
  }

  /** The pieces of a stretch. */
  function piecesOf(pieces: Piece[], from: number, until: number): Piece[] {
    let at = 0;
    return pieces.flatMap((piece) => {
      const [begin, end] = [Math.max(at, from), Math.min(at + piece.size, until)];
      at += piece.size;
      return end > begin ? [{ ...piece, size: end - begin }] : [];
    });
  }

  /** Lets ranks agree with what is known of both ends, and leaves room where there must be more rows. */
  function settle(): void {
    const top = chains.findLast((chain) => previousOf(chain) === null);
    if (top) {
      top.start = 0;
      top.isExact = true;
      chains = chains.slice(chains.indexOf(top));
    }
    const bottom = chains.find((chain) => nextOf(chain) === null);
    if (bottom) {
      chains = chains.slice(0, chains.indexOf(bottom) + 1);
      if (bottom === top || bottom.isExact) total = endOf(bottom);
      else bottom.start = total - bottom.rows.length;
      bottom.isExact = true;
    }
    for (const [at, chain] of chains.entries()) {
      const before = chains[at - 1];
      if (!before && previousOf(chain) === null) continue;
      const least = (before ? endOf(before) : 0) + 1;
      if (chain.start < least) chain.start = chain.isExact ? least : least + ROOM;
    }
    const last = chains.at(-1);
    if (!last) return;
    if (nextOf(last) === null) total = endOf(last);
    else if (endOf(last) >= total) {
      const before = chains.at(-2);
      const room = total - ROOM - last.rows.length;
      if (!last.isExact && room > (before ? endOf(before) : ROOM)) last.start = room;
      else total = endOf(last) + ROOM;
    }
  }

  /** Answers by how much a change moves the row at `seen`, or just behind; `found`: the one that counts where none is known. */
  function keepSeen(seen: number, found: { id: string; at: number } | undefined, change: () => void): number {
    let at = seen;
    while (at < seen + ROOM && !rowAt(at)) at++;
    const row = rowAt(at);
    const kept = row ? { id: row.id, at } : found;
    change();
    if (!kept) return 0;
    const now = indexOf(kept.id);
    return now < 0 ? 0 : now - kept.at;
  }

  return {
    rowAt,
    indexOf,
    need,
    add,
    get total() {
      return total;
    },
    get isEmpty() {
      return chains.length === 0;
    },

    /** Tells how many rows there are; what hangs on the end of the list moves with it. Answers as `add`. */
    setTotal: (count: number, seen = 0): number =>
      keepSeen(seen, undefined, () => {
        const last = chains.at(-1);
        const isWhole = last && nextOf(last) === null;
        if (isWhole && previousOf(last) === null && chains.length === 1) return;
        total = Math.max(count, last && !isWhole ? endOf(last) + 1 : 0);
        if (isWhole) last.start = total - last.rows.length;
        settle();
      }),

    /** Takes the rows as a function has them now; what it answers undefined for stays as it is. */
    replace(change: (row: Row) => Row | undefined): void {
      for (const chain of chains) chain.rows = chain.rows.map((row) => change(row) ?? row);
    },

    /** How a row is found again: a cursor whose page begins, or ends, at an index near it; none where the list begins. */
    refOf(index: number): { ref: Ref; index: number; side: 'begins' | 'ends' } | undefined {
      const chain = chainAt(index);
      if (!chain) return undefined;
      let at = chain.start;
      for (const [number, piece] of chain.pieces.entries()) {
        if (index < at + piece.size) {
          const before = chain.pieces[number - 1]?.next;
          if (before) return { ref: before, index: at, side: 'begins' };
          return piece.previous ? { ref: piece.previous, index: at, side: 'ends' } : undefined;
        }
        at += piece.size;
      }
      return undefined;
    },

    /** Forgets what lies far from the rows that are looked at, when there is much. */
    trim(first: number, last: number): void {
      if (chains.reduce((sum, { rows }) => sum + rows.length, 0) <= KEPT) return;
      const [from, until] = [first - KEPT_AROUND, last + KEPT_AROUND];
      for (const chain of chains) {
        while (chain.pieces.length > 1 && chain.start + chain.pieces[0]!.size <= from) {
          const { size } = chain.pieces.shift()!;
          chain.rows = chain.rows.slice(size);
          chain.start += size;
        }
        while (chain.pieces.length > 1 && endOf(chain) - chain.pieces.at(-1)!.size >= until) {
          const { size } = chain.pieces.pop()!;
          chain.rows = chain.rows.slice(0, -size);
        }
      }
    },

    /** All that are known, of those from `first` to before `last`. */
    known(first: number, last: number): Row[] {
      return chains.flatMap((chain) =>
        chain.rows.slice(Math.max(0, first - chain.start), Math.max(0, last - chain.start)),
      );
    },
  };
}
