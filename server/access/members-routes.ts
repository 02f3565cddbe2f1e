// Members and invitations over HTTP.
import { memberRoutes } from '#contract/members.ts';
import type { Database } from '../database.ts';
import type { RouteTable } from '../http.ts';
import { createInvitation, listInvitations, revokeInvitation } from './invitations.ts';
import type { DeliverLink } from './links.ts';
import { listMembers, removeMember, updateMember } from './members.ts';
import { contextOf, headersOf, json } from './replying.ts';

export function memberTable(database: Database, deliverLink: DeliverLink): RouteTable {
  return [
    [memberRoutes.members, async ({ actor }) => json(200, { results: await listMembers(database, actor) })],
    [
      memberRoutes.updateMember,
      async (call) => {
        const written = await updateMember(database, call.actor, call.params.id!, call.body, contextOf(call));
        return json(200, written.subject, headersOf(written));
      },
    ],
    [
      memberRoutes.removeMember,
      async (call) => {
        const written = await removeMember(database, call.actor, call.params.id!, contextOf(call));
        return { status: 204, headers: headersOf(written) };
      },
    ],
    [memberRoutes.invitations, async ({ actor }) => json(200, { results: await listInvitations(database, actor) })],
    [
      memberRoutes.createInvitation,
      async (call) => {
        const written = await createInvitation(database, call.actor, call.body, contextOf(call));
        const { email, link } = written.subject;
        const { name: inviter, workspace } = call.actor;
        // Not where the request was a repetition: whoever is invited has the link by then.
        if (link !== null) deliverLink({ kind: 'invitation', email, link, inviter, workspace: workspace.name });
        return json(201, written.subject, headersOf(written));
      },
    ],
    [
      memberRoutes.revokeInvitation,
      async (call) => {
        const written = await revokeInvitation(database, call.actor, call.params.id!, contextOf(call));
        return { status: 204, headers: headersOf(written) };
      },
    ],
  ];
}
