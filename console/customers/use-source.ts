// The list that is shown. While another one is loaded, the rows of the former stay, so that typing never empties the screen.
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { openSource, type Place, type Source } from './list-source.ts';
import { keyOf, type ListState } from './list-url.ts';

type Shown = {
  /** undefined until the first list is there. */
  source: Source | undefined;
  /** Why the list that is asked for cannot be shown; the former one still is. */
  error: unknown;
  /** Loads the list anew, where one is in it. */
  refresh(place: Place | undefined): void;
};

export function useSource(state: ListState, placeOf: () => Place | undefined): Shown {
  const [shown, setShown] = useState<Source>();
  const [failed, setFailed] = useState<Source>();
  const [round, setRound] = useState(0);
  const again = useRef<{ key: string; place: Place | undefined }>(undefined);
  const asked = useRef({ state, placeOf });
  asked.current = { state, placeOf };
  const current = useRef<Source>(undefined);
  const key = keyOf(state);

  useEffect(() => {
    void round;
    const place = again.current?.key === key ? again.current.place : asked.current.placeOf();
    again.current = undefined;
    const next = openSource(asked.current.state, place);
    let isWanted = true;
    next.ready.then(() => {
      if (!isWanted) return;
      // Rows that are there are kept where what comes after them fails.
      if (next.error !== undefined && next.count === undefined) return setFailed(next);
      setFailed(undefined);
      current.current?.close();
      current.current = next;
      setShown(next);
    });
    return () => {
      isWanted = false;
      if (current.current !== next) next.close();
    };
  }, [key, round]);
  useEffect(
    () => () => {
      current.current?.close();
      current.current = undefined;
    },
    [],
  );

  return {
    source: shown,
    error: failed?.error,
    refresh: useCallback(
      (place) => {
        again.current = { key, place };
        setRound((before) => before + 1);
      },
      [key],
    ),
  };
}

/** Paints anew whenever rows have come or changed. */
export function useVersion(source: Source): number {
  return useSyncExternalStore(source.subscribe, source.version);
}
