// Who is signed in, in which workspace, and what they may do there.
import { useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, use } from 'react';
import { Redirect } from 'wouter';
import { Problem } from '#client/clientele.ts';
import type { Account, Membership, SignedIn } from '#contract/people.ts';
import { PERMISSIONS, type Permission } from '#contract/roles.ts';
import { api, openWorkspace, queries, setWorkspace, useOpenWorkspace } from './api.ts';
import { noteSignedIn } from './people/signed-out.ts';
import { Failure, Loading } from './ui/page.tsx';

export type Session = {
  account: Account;
  workspaces: Membership[];
  /** The one that is open; undefined where the person is in none. */
  workspace: Membership | undefined;
  can(permission: Permission): boolean;
};

const SessionContext = createContext<Session | undefined>(undefined);

/** What every page within the frame may rely on. */
export function useSession(): Session {
  const session = use(SessionContext);
  if (!session) throw new Error('There is a session within the frame alone.');
  return session;
}

/** Shows what is for people who are signed in; others go and sign in, and come back. */
export function SignedInOnly({ children }: { children: ReactNode }) {
  const slug = useOpenWorkspace();
  const { data, error, refetch } = useQuery({ queryKey: ['session'], queryFn: readSession, staleTime: 60_000 });
  if (error instanceof Problem && error.status === 401) return <Redirect to={signInAddress()} replace />;
  if (error && !data) return <Failure error={error} onRetry={refetch} />;
  if (!data) return <Loading />;
  const workspace = data.workspaces.find((one) => one.slug === slug);
  const can = (permission: Permission) => workspace !== undefined && PERMISSIONS[workspace.role].includes(permission);
  // Whatever shows the one workspace goes, all of it, before another is shown.
  return (
    <SessionContext key={workspace?.slug} value={{ ...data, workspace, can }}>
      {children}
    </SessionContext>
  );
}

/** Where one signs in, to come back to where one is. */
export function signInAddress(): string {
  const { pathname, search } = location;
  return pathname === '/' ? '/sign-in' : `/sign-in?${new URLSearchParams({ to: pathname + search })}`;
}

async function readSession(): Promise<SignedIn> {
  return open(await api().session.read());
}

/** Tells the console who has just signed in, and which workspace they came to. */
export function enter(signedIn: SignedIn, slug?: string): void {
  if (slug !== undefined) setWorkspace(slug);
  queries.setQueryData(['session'], open(signedIn));
}

/** Opens the workspace that was open last, if the person is in it still. */
function open(signedIn: SignedIn): SignedIn {
  noteSignedIn();
  const slugs = signedIn.workspaces.map(({ slug }) => slug);
  if (!slugs.includes(openWorkspace() ?? '')) setWorkspace(slugs[0]);
  return signedIn;
}

/** After a change of what is known of the session. It is not read again: for a second the server may answer what was before. */
export function amendSession(change: (known: SignedIn) => SignedIn): void {
  const known = queries.getQueryData<SignedIn>(['session']);
  if (known) enter(change(known));
}

/** The same of the workspace that is open; `null`: the person is in it no longer. */
export function amendWorkspace(change: Partial<Membership> | null): void {
  amendSession(({ account, workspaces }) => ({
    account,
    workspaces: workspaces.flatMap((one) => {
      if (one.slug !== openWorkspace()) return [one];
      return change ? [{ ...one, ...change }] : [];
    }),
  }));
}
