import { useSyncExternalStore } from 'react';

/** Below this width the console is laid out for a phone, in its styles as well. */
const phone = matchMedia('(max-width: 720px)');

function subscribe(listener: () => void) {
  phone.addEventListener('change', listener);
  return () => phone.removeEventListener('change', listener);
}

export const useIsPhone = (): boolean => useSyncExternalStore(subscribe, () => phone.matches);
