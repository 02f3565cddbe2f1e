// Accepting a link: somebody gets an account, becomes a member, or has a new password; and is signed in.
import type { Member } from '#contract/members.ts';
import { type Account, acceptFields, newPassword } from '#contract/people.ts';
import type { Ask, Database } from '../database.ts';
import { invalid } from '../problem.ts';
import { inTransaction } from '../transaction.ts';
import { uuidv7 } from '../uuid.ts';
import { checked, type Entry, enter, wrongPassword } from './accounts.ts';
import { FIND_ACCOUNT, INSERT_ACCOUNT } from './accounts-store.ts';
import { type Actor, isAbove } from './actor.ts';
import { takeAttempt } from './attempts.ts';
import { checkOpen, findLink, type OpenLink, unknownLink } from './links.ts';
import { READ_INVITATION, RESET_PASSWORD, USE_INVITATION, USE_OWNER_LINKS } from './links-store.ts';
import { logged } from './logged.ts';
import { FIND_MEMBER_BY_EMAIL, INSERT_MEMBER, UPDATE_MEMBER } from './members-store.ts';
import { faultOf, hashPassword, isPassword } from './passwords.ts';
import { checkSecondFactor, type Guard } from './second-factor.ts';
import { forgetAccount } from './seen.ts';
import { findPerson, newSession, type Origin } from './sessions.ts';

type Given = { email?: string; name?: string; password?: string; code?: string };
export type InvitationLink = Extract<OpenLink, { role: unknown }>;
/** Whoever accepts; `makes`: what stores their account, at a time of the log, where they have none yet. */
export type Newcomer = Account & { makes: (now: string) => Ask[] };

/** Accepts a link, once, and signs in whoever does. Counts as an attempt to sign in, since it may test a password. */
export async function acceptLink(
  database: Database,
  guard: Guard,
  body: unknown,
  origin: Origin,
  request_id: string,
): Promise<Entry> {
  const { secret, ...given } = checked(acceptFields, body) as { secret: string } & Given;
  const link = await findLink(database, secret);
  if (link.email !== null && given.email !== undefined && given.email !== link.email)
    throw invalid([{ pointer: '/email', code: 'email_differs', detail: 'The link is for another address.' }]);
  const email = link.email ?? required(given.email, 'email', 'Email');
  await takeAttempt(database, guard.attempts, origin.address, email);
  if (link.kind === 'password_reset') return resetPassword(database, guard, link.id, email, given, origin);
  const accept = async () =>
    join(database, link, await identify(database, guard, email, given, origin.address), origin, request_id);
  try {
    return await accept();
  } catch (error) {
    // Somebody made an account of this address meanwhile: now it takes that one's password.
    if ((error as { code?: string }).code !== '23505') throw error;
    return accept();
  }
}

async function resetPassword(
  database: Database,
  guard: Guard,
  id: string,
  email: string,
  given: Given,
  origin: Origin,
): Promise<Entry> {
  const [account] = await database.read(FIND_ACCOUNT, [email]);
  if (!account) throw unknownLink();
  const hash = await hashChosen(given.password, { email, name: account[1] }, origin.address);
  // Whoever reads a person's mail has one factor, not two.
  await checkSecondFactor(database, guard, { id: account[0], email }, given.code);
  const [[changed]] = (await inTransaction(database, [[RESET_PASSWORD, [id, hash]]])) as [[[string]?]];
  if (!changed) checkOpen(true, false);
  forgetAccount(database, account[0]);
  guard.notify(email, 'password_changed');
  return enter(database, account[0], origin);
}

async function join(
  database: Database,
  link: InvitationLink,
  person: Newcomer,
  origin: Origin,
  request_id: string,
): Promise<Entry> {
  const session = newSession(person.id, origin);
  await makeMember(database, link, person, [session.ask], request_id);
  return { secret: session.secret, person: await findPerson(database, session.secret) };
}

/** Makes a member of whoever accepts an invitation; `along`: what is stored with that. */
export async function makeMember(
  database: Database,
  link: InvitationLink,
  person: Newcomer,
  along: Ask[],
  request_id: string,
): Promise<void> {
  const { workspace, role } = link;
  const { email } = person;
  const actor: Actor = { type: 'person', id: person.id, name: person.name, role, workspace };
  const reads: Ask[] = [
    [READ_INVITATION, [workspace.id, link.id]],
    [FIND_MEMBER_BY_EMAIL, [workspace.id, email]],
  ];
  await logged(database, actor, { request_id }, 200, reads, (now, [invitation, member]) => {
    if (!invitation) throw unknownLink();
    checkOpen(invitation[5], invitation[4]);
    const used: Ask = [USE_INVITATION, [workspace.id, link.id, now]];
    const besides = [
      ...person.makes(now),
      used,
      ...(role === 'owner' ? [[USE_OWNER_LINKS, [workspace.id, now]] as Ask] : []),
      ...along,
    ];
    const before = member?.[3];
    const keeps = before !== undefined && !isAbove(role, before);
    const { id, name } = person;
    const subject: Member = { id, email, name, role: keeps ? before : role, created_at: member?.[4] ?? now };
    if (keeps) return { subject, subject_id: id, besides };
    const change: Ask = member
      ? [UPDATE_MEMBER, [workspace.id, id, role]]
      : [INSERT_MEMBER, [workspace.id, id, role, now]];
    const type = member ? 'member.updated' : 'member.added';
    return {
      subject,
      subject_id: id,
      change: { asks: [change], type, before: member ? { role: before } : null },
      besides,
    };
  });
  forgetAccount(database, person.id);
}

/** Who accepts: somebody whose password is right, or somebody new. */
async function identify(
  database: Database,
  guard: Guard,
  email: string,
  given: Given,
  address: string,
): Promise<Newcomer> {
  const [known] = await database.read(FIND_ACCOUNT, [email]);
  if (!known) {
    const name = required(given.name, 'name', 'Name');
    const hash = await hashChosen(given.password, { email, name }, address);
    const id = uuidv7(Date.now(), 0);
    return { id, email, name, makes: (now) => [[INSERT_ACCOUNT, [id, email, name, hash, now]]] };
  }
  const [id, name, stored] = known;
  const typed = required(given.password, 'password', 'Password');
  if (!(await isPassword(stored, typed, address))) throw wrongPassword('/password');
  await checkSecondFactor(database, guard, { id, email }, given.code);
  return { id, email, name, makes: () => [] };
}

async function hashChosen(
  typed: string | undefined,
  person: { email: string; name: string },
  address: string,
): Promise<string> {
  const { value, refusal } = newPassword.normalise(typed, 'Password');
  if (refusal) throw invalid([{ pointer: '/password', ...refusal }]);
  const faults = faultOf(value, person, '/password');
  if (faults.length > 0) throw invalid(faults);
  return hashPassword(value, address);
}

function required(value: string | undefined, field: string, label: string): string {
  if (value === undefined) throw invalid([{ pointer: `/${field}`, code: 'required', detail: `${label} is required.` }]);
  return value;
}
