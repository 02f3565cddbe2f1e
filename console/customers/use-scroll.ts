// The scrollbar of the list: which rows it shows, and where they stand. The browser scrolls; this only learns of it, and has the
// rows painted that came into sight.
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Place, Source } from './list-source.ts';
import { type Extent, lastPlace, placeToSee, rowsAt, scrolled, spacerOf, topAt } from './scroll.ts';

/** Rows that are painted beyond those that are seen; and by how many at once, so that not each row means painting anew. */
const MORE = 8;
const STEP = 4;
/** Rows are placed from the beginning of their block: numbers stay small, and hardly ever change. */
const BLOCK = 500;
const IDLE_MS = 120;

/** The rows that are painted, from `first` to before `last`; `base` is what lies between where the bar and where the list stands. */
export type Painted = { first: number; last: number; base: number };

export type Scroll = {
  spacer: number;
  painted: Painted;
  /** Where the block of the painted rows stands, and where a row does in it. */
  layer: { block: number; y: number };
  rowsPerScreen: number;
  /** Brings a row into sight. */
  show(index: number): void;
  placeNow(): Place;
};

export function useScroll(
  scroller: RefObject<HTMLElement | null>,
  source: Source,
  version: number,
  { height, head, onRest }: { height: number; head: number; onRest(place: Place): void },
): Scroll {
  const standing = useRef({ top: 0, place: 0 });
  const screen = useRef(600);
  const rest = useRef(onRest);
  rest.current = onRest;
  const [painted, setPainted] = useState<Painted>({ first: 0, last: 30, base: 0 });

  const extent = useCallback(
    (): Extent => ({ rows: source.total, height, viewport: screen.current }),
    [source, height],
  );

  const placeNow = useCallback((): Place => {
    const index = Math.floor(standing.current.place / height);
    return source.placeOf(index, standing.current.place - index * height);
  }, [source, height]);

  /** Has painted what is seen now. */
  const paint = useCallback(() => {
    const { top, place } = standing.current;
    const now = extent();
    const seen = rowsAt(now, place);
    source.look(seen.first, Math.max(seen.last, seen.first + 1));
    const first = Math.max(0, Math.floor(seen.first / STEP) * STEP - MORE);
    const last = Math.min(now.rows, Math.ceil(seen.last / STEP) * STEP + MORE);
    const base = Math.round(top - place);
    setPainted((before) =>
      before.first === first && before.last === last && before.base === base ? before : { first, last, base },
    );
  }, [source, extent]);

  /** Puts the list, and the bar with it, to a place. */
  const put = useCallback(
    (place: number) => {
      const now = extent();
      const at = Math.min(Math.max(place, 0), lastPlace(now));
      const element = scroller.current;
      if (element) element.scrollTop = topAt(now, at);
      standing.current = { top: element?.scrollTop ?? 0, place: at };
      paint();
    },
    [scroller, extent, paint],
  );

  // A list that comes in place of another stands where it is to. One that was hidden for a moment, while the page that somebody
  // goes to was on its way, stands where it was.
  const placed = useRef<{ source: Source; height: number }>(undefined);
  useLayoutEffect(() => {
    const { place } = source;
    const was = placed.current?.source === source ? placed.current : undefined;
    placed.current = { source, height };
    if (was) put((standing.current.place / was.height) * height);
    else put(place ? (place.index + source.shifted) * height + place.offset : 0);
  }, [source, height, put]);

  // Ranks that turned out to be others: what is seen stays where it is on the screen.
  const known = useRef({ source, shifted: source.shifted });
  useLayoutEffect(() => {
    void version;
    const moved = known.current.source === source ? source.shifted - known.current.shifted : 0;
    known.current = { source, shifted: source.shifted };
    const { top, place } = standing.current;
    if (moved !== 0) put(place + moved * height);
    else if (place > lastPlace(extent()) || Math.abs((scroller.current?.scrollTop ?? top) - top) > 1) put(place);
    else paint();
  }, [version, source, height, put, paint, extent, scroller]);

  useEffect(() => {
    const element = scroller.current!;
    let timer: ReturnType<typeof setTimeout>;
    const onScroll = () => {
      const top = element.scrollTop;
      if (top === standing.current.top) return;
      standing.current = { top, place: scrolled(extent(), standing.current, top) };
      paint();
      clearTimeout(timer);
      timer = setTimeout(onIdle, IDLE_MS);
    };
    const onIdle = () => {
      const { top, place } = standing.current;
      if (Math.abs(topAt(extent(), place) - top) > 1) put(place); // the bar again stands for where the list does
      rest.current(placeNow());
    };
    const sizes = new ResizeObserver(() => {
      screen.current = Math.max(height, element.clientHeight - head);
      paint();
    });
    sizes.observe(element);
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      clearTimeout(timer);
      sizes.disconnect();
      element.removeEventListener('scroll', onScroll);
    };
  }, [scroller, extent, paint, put, placeNow, height, head]);

  const block = Math.floor(painted.first / BLOCK) * BLOCK;
  return {
    spacer: spacerOf(extent()),
    painted,
    layer: { block, y: block * height + painted.base },
    rowsPerScreen: Math.max(1, Math.floor(screen.current / height) - 1),
    show: (index) => {
      const to = placeToSee(extent(), standing.current.place, index);
      if (Math.abs(to - standing.current.place) >= 1) put(to);
    },
    placeNow,
  };
}
