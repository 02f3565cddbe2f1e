// Who somebody is that an OpenID provider vouches for: an account that is known by the provider's subject, else by an address
// that the provider has verified; and without one, whoever an open invitation to that address is for. Nobody gets into a
// workspace by this alone.
import { email as emailKind, keyName } from '#contract/field.ts';
import type { Ask, Database } from '../database.ts';
import { type Identity, openidError } from '../openid.ts';
import { inTransaction } from '../transaction.ts';
import { uuidv7 } from '../uuid.ts';
import { type InvitationLink, makeMember, type Newcomer } from './accept.ts';
import { type Entry, enter } from './accounts.ts';
import { FIND_ACCOUNT, INSERT_ACCOUNT } from './accounts-store.ts';
import type { Person } from './actor.ts';
import { FIND_INVITATION_TO } from './links-store.ts';
import { FIND_IDENTITY, HAS_IDENTITY, INSERT_IDENTITY } from './openid-store.ts';
import { hasSecondFactor } from './second-factor.ts';
import type { Origin } from './sessions.ts';
import { listWorkspaces } from './workspaces.ts';

/** Signs in whom the provider vouches for; `current` is who is signed in already, if anybody. Throws an OpenidError. */
export async function enterByOpenid(
  database: Database,
  identity: Identity,
  current: Person | undefined,
  origin: Origin,
  request_id: string,
): Promise<Entry> {
  try {
    return await find(database, identity, current, origin, request_id);
  } catch (error) {
    // The same person came in twice at once, or accepted by the link meanwhile, perhaps between two of the reads: now
    // there is an account to be found.
    if (!OF_TWO_MOMENTS.includes((error as { code?: string }).code ?? '')) throw error;
    return find(database, identity, current, origin, request_id);
  }
}

/** What may be refused only because another one was faster: its row is there already, the invitation is used. */
const OF_TWO_MOMENTS = ['23505', 'link_used', 'openid_unknown', 'openid_other_identity'];

async function find(
  database: Database,
  identity: Identity,
  current: Person | undefined,
  origin: Origin,
  request_id: string,
): Promise<Entry> {
  const { issuer, subject } = identity;
  const [known] = await database.read(FIND_IDENTITY, [issuer, subject]);
  if (known) return enter(database, known[0], origin);
  const { value: email } = emailKind.normalise(identity.email, '');
  if (email === undefined) throw openidError('openid_unverified');
  const [account] = await database.read(FIND_ACCOUNT, [email]);
  if (!account) return joinAll(database, identity, email, origin, request_id);
  const [id] = account;
  // An address that the provider has given to somebody new opens nothing of whoever had it before.
  const [other] = await database.read(HAS_IDENTITY, [id, issuer]);
  if (other) throw openidError('openid_other_identity');
  // An address alone is one factor. From here on the provider answers for both.
  if (current?.account.id !== id && (await hasSecondFactor(database, id))) throw openidError('openid_second_factor');
  await inTransaction(database, [identityAsk(identity, id, new Date().toISOString())]);
  return enter(database, id, origin);
}

/** Accepts all open invitations to an address that has no account yet. */
async function joinAll(
  database: Database,
  identity: Identity,
  email: string,
  origin: Origin,
  request_id: string,
): Promise<Entry> {
  const links = await invitationsTo(database, email);
  if (links.length === 0) throw openidError('openid_unknown');
  const id = uuidv7(Date.now(), 0);
  const name = nameOf(identity, email);
  const person: Newcomer = {
    id,
    email,
    name,
    makes: (now) => [[INSERT_ACCOUNT, [id, email, name, null, now]], identityAsk(identity, id, now)],
  };
  for (const [index, link] of links.entries())
    await makeMember(database, link, index === 0 ? person : { ...person, makes: () => [] }, [], request_id);
  return enter(database, id, origin);
}

const identityAsk = ({ issuer, subject }: Identity, account_id: string, now: string): Ask => [
  INSERT_IDENTITY,
  [issuer, subject, account_id, now],
];

async function invitationsTo(database: Database, email: string): Promise<InvitationLink[]> {
  const workspaces = await listWorkspaces(database);
  const found = await Promise.all(
    workspaces.map(async (workspace) => ({
      workspace,
      row: (await database.read(FIND_INVITATION_TO, [workspace.id, email]))[0],
    })),
  );
  return found.flatMap(({ workspace, row }) => {
    if (!row) return [];
    const [id, role, expires_at] = row;
    return [{ kind: 'invitation', id, email, role, workspace, expires_at } as const];
  });
}

/** What the provider calls the person, if it is a name; else what stands before the `@`. */
function nameOf({ name }: Identity, email: string): string {
  const told = keyName.normalise(name, '');
  return told.refusal ? email.slice(0, email.indexOf('@')) : told.value;
}
