// Which ways to sign in the server offers, and whether it mails links.
import { useQuery } from '@tanstack/react-query';
import type { SignInOptions } from '#contract/sign-in.ts';
import { api } from '../api.ts';

/** Undefined until it is known: who cannot be told signs in by password, and passes links on. */
export function useWays(): SignInOptions | undefined {
  const { data } = useQuery({ queryKey: ['sign-in'], queryFn: ({ signal }) => api().session.ways({ signal }) });
  return data;
}
