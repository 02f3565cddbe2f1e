// Where a list of any length stands: rows of one height below each other, and a scrollbar that no browser makes longer than
// some 16.7 million pixels. Beyond that the bar stands for more than it measures: near both ends a pixel of it is a pixel
// of the list, and in between it is many.

/** What browsers can be trusted with. */
export const MOST_PX = 15_000_000;
/** At both ends of a list that is longer. */
const EDGE_PX = 1_000_000;

/** `rows` of `height` pixels each, of which `viewport` pixels are seen at once. */
export type Extent = { rows: number; height: number; viewport: number };

/** Where the scrollbar stands, and where the list does, both in pixels from the beginning. */
export type Standing = { top: number; place: number };

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), Math.max(least, most));

const lengthOf = ({ rows, height }: Extent): number => rows * height;

/** How high the element is that gives the scrollbar its length. */
export const spacerOf = (extent: Extent): number => Math.min(lengthOf(extent), MOST_PX);

/** How far the scrollbar goes. */
export const lastTop = (extent: Extent): number => Math.max(0, spacerOf(extent) - extent.viewport);

/** How far the list goes. */
export const lastPlace = (extent: Extent): number => Math.max(0, lengthOf(extent) - extent.viewport);

/** The place in the list that the scrollbar points to. */
export function placeAt(extent: Extent, top: number): number {
  const [most, length] = [lastTop(extent), lastPlace(extent)];
  const at = clamp(top, 0, most);
  if (most === length || at <= EDGE_PX) return at;
  if (at >= most - EDGE_PX) return length - (most - at);
  return EDGE_PX + ((at - EDGE_PX) * (length - 2 * EDGE_PX)) / (most - 2 * EDGE_PX);
}

/** Where the scrollbar points to a place: the other way around. */
export function topAt(extent: Extent, place: number): number {
  const [most, length] = [lastTop(extent), lastPlace(extent)];
  const at = clamp(place, 0, length);
  if (most === length || at <= EDGE_PX) return at;
  if (at >= length - EDGE_PX) return most - (length - at);
  return EDGE_PX + ((at - EDGE_PX) * (most - 2 * EDGE_PX)) / (length - 2 * EDGE_PX);
}

/**
 * Where the list stands after the scrollbar moved to `top`. By less than two screens (a wheel, a finger, a key) the list moves
 * as far as the bar did, so that it scrolls like any other; further (the bar was dragged), to where the bar points.
 */
export function scrolled(extent: Extent, before: Standing, top: number): number {
  const most = lastTop(extent);
  const moved = top - before.top;
  if (top <= 0 || top >= most || Math.abs(moved) > 2 * extent.viewport) return placeAt(extent, top);
  return clamp(before.place + moved, 0, lastPlace(extent));
}

/** The rows that are seen there, from the first to behind the last, and so many more on both sides. */
export function rowsAt({ rows, height, viewport }: Extent, place: number, more = 0): { first: number; last: number } {
  return {
    first: clamp(Math.floor(place / height) - more, 0, rows),
    last: clamp(Math.ceil((place + viewport) / height) + more, 0, rows),
  };
}

/** Where the list stands when a row is seen wholly, moved as little as can be. */
export function placeToSee(extent: Extent, place: number, row: number): number {
  const { height, viewport } = extent;
  const least = (row + 1) * height - viewport;
  return clamp(clamp(place, least, Math.max(least, row * height)), 0, lastPlace(extent));
}
