// Where somebody is in the list, kept with the page's entry in the history: going back, and loading the page anew, lead there.
import type { Place } from './list-source.ts';
import { keyOf, type ListState } from './list-url.ts';

type Kept = { list?: { key: string; place: Place } };

/** The place that this entry of the history has for a list. */
export function keptPlace(state: ListState): Place | undefined {
  const { list } = (history.state ?? {}) as Kept;
  return list?.key === keyOf(state) ? list.place : undefined;
}

/** What an entry of the history is to hold for a list and a place in it. */
export const placeState = (state: ListState, place: Place): Kept => ({ list: { key: keyOf(state), place } });

export function keepPlace(state: ListState, place: Place): void {
  try {
    history.replaceState({ ...history.state, ...placeState(state, place) }, '');
  } catch {
    // Browsers allow so many a minute; the next time it rests it is kept.
  }
}
