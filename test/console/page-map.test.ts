// What is known of a long list: whatever is jumped to and walked through, in whatever order, rows stand in the order of the
// list, none is missing between two that stand beside each other, and both ends are where they are.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Need, openPageMap, type Page, type Ref } from '../../console/customers/page-map.ts';

type Row = { id: string; number: number };

const ids = (numbers: number[]): Row[] => numbers.map((number) => ({ id: `id${number}`, number }));
const range = (from: number, until: number) => Array.from({ length: Math.max(0, until - from) }, (_, at) => from + at);

/** A list of rows 0 to `size`, read like the server's: a cursor is the number of the row before or behind which it goes on. */
function listOf(size: number, limit: number) {
  const page = (from: number, until: number): Page<Row> => ({
    rows: ids(range(Math.max(0, from), Math.min(size, until))),
    previous: from > 0 ? { cursor: `<${from}`, reversed: false } : null,
    next: until < size ? { cursor: `>${until}`, reversed: false } : null,
  });
  const follow = ({ cursor }: Ref) => {
    const at = Number(cursor.slice(1));
    return cursor.startsWith('>') ? page(at, at + limit) : page(at - limit, at);
  };
  return {
    /** `error`: by how many rows the rank of a jump is wrong. */
    load(need: Need, error = 0): Page<Row> {
      if (need.kind === 'top') return page(0, limit);
      if (need.kind === 'bottom') return page(size - limit, size);
      if (need.kind === 'jump') {
        const from = Math.min(Math.max(1, need.index + error), Math.max(1, size - 1));
        return page(from, from + limit);
      }
      return follow(need.ref);
    },
  };
}

type Map = ReturnType<typeof openPageMap<Row>>;

/** Loads until the window is known, as the console does; answers where the window is then. */
function look(map: Map, list: ReturnType<typeof listOf>, from: number, rows: number, canJump: boolean, error = 0) {
  let first = from;
  for (let turn = 0; ; turn++) {
    assert.ok(turn < 500, `no end of loading at ${from}`);
    const need = map.need(first, first + rows, canJump);
    if (!need) return first;
    first = Math.max(0, first + map.add(need, list.load(need, error), first));
  }
}

function assertSound(map: Map, size: number): void {
  const seen = new Set<string>();
  let before: { at: number; number: number } | undefined;
  for (let at = 0; at < map.total; at++) {
    const row = map.rowAt(at);
    if (!row) continue;
    assert.ok(!seen.has(row.id), `${row.id} stands there twice`);
    seen.add(row.id);
    if (before) {
      assert.ok(row.number > before.number, `${row.number} behind ${before.number}`);
      if (at === before.at + 1) assert.equal(row.number, before.number + 1);
    }
    before = { at, number: row.number };
  }
  if (map.rowAt(0)) assert.equal(map.rowAt(0)!.number, 0);
  if (map.total > 0 && map.rowAt(map.total - 1)) assert.equal(map.rowAt(map.total - 1)!.number, size - 1);
}

const lists = fc.record({
  size: fc.integer({ min: 0, max: 4000 }),
  limit: fc.integer({ min: 5, max: 100 }),
  /** How many the list is said to have, in thousandths of what it has. */
  said: fc.constantFrom(1000, 1000, 500, 1200),
  error: fc.integer({ min: -1500, max: 1500 }),
  looks: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()), { maxLength: 12 }),
});

describe('whatever is looked at', () => {
  test('the rows that are known stand in the order of the list, without a gap where there seems to be none', () => {
    fc.assert(
      fc.property(lists, ({ size, limit, said, error, looks }) => {
        const [list, map] = [listOf(size, limit), openPageMap<Row>()];
        look(map, list, 0, 20, true);
        map.setTotal(Math.round((size * said) / 1000));
        for (const [part, canJump] of looks) {
          look(map, list, Math.floor(part * map.total), 20, canJump, error);
          assertSound(map, size);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('walking from one end to the other shows every row once', () => {
    fc.assert(
      fc.property(lists, fc.boolean(), ({ size, limit, said, error, looks }, downwards) => {
        const [list, map] = [listOf(size, limit), openPageMap<Row>()];
        look(map, list, 0, 20, true);
        map.setTotal(Math.round((size * said) / 1000));
        for (const [part] of looks) look(map, list, Math.floor(part * map.total), 20, true, error);
        const seen: number[] = [];
        // Where the list was said to be shorter than it is, its end is found only when one is there.
        for (let end = -1; !downwards && end !== map.total; ) {
          end = map.total;
          look(map, list, Math.max(0, end - 1), 1, true, error);
        }
        let at = downwards ? 0 : map.total - 1;
        // Whoever walks sees the row that they come from.
        if (downwards)
          for (; at < map.total; at++) {
            const from = Math.max(0, at - 1);
            at += look(map, list, from, at - from + 1, true, error) - from;
            if (at < map.total) seen.push(map.rowAt(at)!.number);
          }
        else
          for (; at >= 0; at--) {
            at = Math.min(look(map, list, at, 2, true, error), map.total - 1);
            if (at < 0) break;
            seen.unshift(map.rowAt(at)!.number);
          }
        assert.deepEqual(seen, range(0, size));
      }),
      { numRuns: 150 },
    );
  });
});

test('what was looked at stays in sight while ranks are corrected', () => {
  const [list, map] = [listOf(3000, 100), openPageMap<Row>()];
  look(map, list, 0, 20, true);
  map.setTotal(3000);
  let first = look(map, list, 2000, 20, true, 250); // is 250 rows off
  const { number } = map.rowAt(first)!;
  assert.equal(number, 2250);
  for (let at = first; at < map.total; at += 50) at += look(map, list, at, 50, true) - at;
  first = map.indexOf('id2250');
  assert.equal(first, 2250);
  assert.equal(map.total, 3000);
});

test('a jump that finds the end of the list, far from where it was thought, ends there', () => {
  const [list, map] = [listOf(2268, 5), openPageMap<Row>()];
  look(map, list, 0, 20, true);
  map.setTotal(2722);
  const first = look(map, list, 2096, 20, true, 167); // the row at 2263
  assert.equal(map.rowAt(first)?.number, 2263);
  assert.equal(map.total, first + 5);
  assertSound(map, 2268);
});

test('a list without anything is known as such', () => {
  const map = openPageMap<Row>();
  assert.deepEqual(map.need(0, 20, true), { kind: 'top' });
  map.add({ kind: 'top' }, { rows: [], previous: null, next: null });
  assert.equal(map.need(0, 20, true), undefined);
  assert.equal(map.total, 0);
});

test('what lies far away is forgotten, and found again by its cursor', () => {
  const [list, map] = [listOf(40_000, 100), openPageMap<Row>()];
  look(map, list, 0, 20, true);
  map.setTotal(40_000);
  for (let at = 0; at < 30_000; at += 100) {
    look(map, list, at, 100, true);
    map.trim(at, at + 100);
  }
  assert.equal(map.rowAt(0), undefined);
  assert.equal(map.rowAt(29_950)?.number, 29_950);
  assert.equal(look(map, list, 20_000, 20, true), 20_000);
  assert.equal(map.rowAt(20_000)?.number, 20_000);
  look(map, list, 0, 20, true);
  assert.equal(map.rowAt(0)?.number, 0);
  const found = map.refOf(29_950)!;
  assert.deepEqual(found, { ref: { cursor: '>29900', reversed: false }, index: 29_900, side: 'begins' });
  assertSound(map, 40_000);
});
