// Where a list stands: the arithmetic of the scrollbar alone.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type Extent,
  lastPlace,
  lastTop,
  MOST_PX,
  placeAt,
  placeToSee,
  rowsAt,
  scrolled,
  spacerOf,
  topAt,
} from '../../console/customers/scroll.ts';

const extents = fc.record({
  rows: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 50_000_000 })),
  height: fc.integer({ min: 24, max: 120 }),
  viewport: fc.integer({ min: 100, max: 2500 }),
});
/** An extent with two positions of its scrollbar. */
const standing = extents.chain((extent) => {
  const top = fc.double({ min: 0, max: lastTop(extent), noNaN: true });
  return fc.tuple(fc.constant(extent), top, top);
});

describe('a scrollbar', () => {
  test('is never longer than browsers take', () => {
    fc.assert(fc.property(extents, (extent) => spacerOf(extent) <= MOST_PX));
  });

  test('reaches both ends of the list, to the pixel', () => {
    fc.assert(
      fc.property(extents, (extent) => {
        assert.equal(placeAt(extent, 0), 0);
        assert.equal(placeAt(extent, lastTop(extent)), lastPlace(extent));
        assert.equal(rowsAt(extent, placeAt(extent, 0)).first, 0);
        assert.equal(rowsAt(extent, placeAt(extent, lastTop(extent))).last, extent.rows);
      }),
    );
  });

  test('further down means further on in the list, and each place has its one position', () => {
    fc.assert(
      fc.property(standing, ([extent, one, other]) => {
        const [upper, lower] = [Math.min(one, other), Math.max(one, other)];
        assert.ok(placeAt(extent, upper) <= placeAt(extent, lower));
        assert.ok(Math.abs(topAt(extent, placeAt(extent, one)) - one) < 0.001);
      }),
    );
  });

  test('moves by whatever it is in between', () => {
    fc.assert(
      fc.property(standing, fc.integer({ min: -150, max: 150 }), ([extent, top, other], wheel) => {
        const place = placeAt(extent, other);
        const next = scrolled(extent, { top, place }, Math.min(Math.max(top + wheel, 0), lastTop(extent)));
        assert.ok(next >= 0 && next <= lastPlace(extent));
      }),
    );
  });
});

test('a wheel moves a list of any length by what it turned, a dragged bar to where it points', () => {
  const extent: Extent = { rows: 10_000_000, height: 36, viewport: 800 };
  const top = 7_000_000;
  const place = placeAt(extent, top);
  assert.equal(scrolled(extent, { top, place }, top + 100), place + 100);
  assert.equal(scrolled(extent, { top, place }, top - 100), place - 100);
  assert.equal(scrolled(extent, { top, place }, top + 20_000), placeAt(extent, top + 20_000));
  // However the list stood meanwhile: at the end of the bar is the end of the list.
  assert.equal(scrolled(extent, { top: 50, place: 4000 }, 0), 0);
});

test('rows that are looked at are the ones that touch the screen', () => {
  const extent: Extent = { rows: 1000, height: 40, viewport: 400 };
  assert.deepEqual(rowsAt(extent, 0), { first: 0, last: 10 });
  assert.deepEqual(rowsAt(extent, 20), { first: 0, last: 11 });
  assert.deepEqual(rowsAt(extent, 40_000 - 400, 5), { first: 985, last: 1000 });
  assert.deepEqual(rowsAt({ ...extent, rows: 0 }, 0, 5), { first: 0, last: 0 });
});

test('a row comes into sight by the shortest way', () => {
  const extent: Extent = { rows: 1000, height: 40, viewport: 400 };
  assert.equal(placeToSee(extent, 1000, 30), 1000);
  assert.equal(placeToSee(extent, 1000, 10), 400);
  assert.equal(placeToSee(extent, 1000, 40), 1240);
  assert.equal(placeToSee(extent, 0, 999), 39_600);
});
