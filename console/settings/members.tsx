// Who is a member of the workspace, and as what.
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { Member } from '#contract/members.ts';
import type { Role } from '#contract/roles.ts';
import { api, messageOf, queries } from '../api.ts';
import { amendWorkspace, useSession } from '../session.tsx';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Badge, Pending, Section } from '../ui/page.tsx';
import { Refusal } from '../ui/refusal.tsx';
import rows from '../ui/rows.module.css';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import { Invitations } from './invitations.tsx';
import { isAbove, RoleOptions, useGrantable } from './roles.tsx';
import styles from './settings.module.css';

const said = words.settings.members;
const KEY = ['members'];

export function MembersSettings() {
  const { can, workspace } = useSession();
  const query = useQuery({ queryKey: KEY, queryFn: ({ signal }) => api().members.list({ signal }) });
  const { data } = query;
  const role = words.frame.role[workspace!.role].toLowerCase();
  return (
    <>
      <Section title={said.of(workspace!.name)}>
        <p className={styles.note}>{said.roles}</p>
        {!can('members:manage') && <p className={styles.note}>{words.settings.mayNot(role, said.manage)}</p>}
        <Pending query={query} />
        {data && <Members members={data} />}
      </Section>
      {can('members:manage') && <Invitations />}
    </>
  );
}

function Members({ members }: { members: Member[] }) {
  return (
    <Table heads={[said.name, said.email, said.role, said.since]} actions={said.remove}>
      {members.map((member) => (
        <Row key={member.id} member={member} />
      ))}
    </Table>
  );
}

function Row({ member }: { member: Member }) {
  const { account, can, workspace } = useSession();
  const [, navigate] = useLocation();
  const [isRemoving, setRemoving] = useState(false);
  const { id, name, email, created_at } = member;
  const isSelf = id === account.id;
  const mayRemove = isSelf || (can('members:manage') && !isAbove(member.role, workspace!.role));

  async function remove() {
    await api().members.remove(id);
    if (!isSelf) {
      toast(said.removed(name));
      return reload();
    }
    amendWorkspace(null);
    navigate('/customers');
  }

  return (
    <tr>
      <th scope="row">
        {name} {isSelf && <Badge>{words.settings.you}</Badge>}
      </th>
      <td data-label={said.email}>{email}</td>
      <td data-label={said.role}>
        <MemberRole member={member} isSelf={isSelf} />
      </td>
      <td data-label={said.since}>
        <Time at={created_at} />
      </td>
      <td>
        {mayRemove && (
          <div className={rows.actions}>
            <Button aria-label={isSelf ? said.leave : said.removeOf(name)} onClick={() => setRemoving(true)}>
              {isSelf ? said.leave : said.remove}
            </Button>
          </div>
        )}
        {isRemoving && (
          <Confirm
            title={isSelf ? said.leaveTitle : said.removeTitle(name)}
            label={isSelf ? said.leave : said.remove}
            run={remove}
            onClose={() => setRemoving(false)}
          >
            {isSelf ? said.leaveHelp(workspace!.name) : said.removeHelp(name, workspace!.name)}
          </Confirm>
        )}
      </td>
    </tr>
  );
}

/** The role, to be changed at once where it may be; what is refused goes back, and says why. */
function MemberRole({ member, isSelf }: { member: Member; isSelf: boolean }) {
  const { can, workspace } = useSession();
  const roles = useGrantable();
  const [less, setLess] = useState<Role>();
  const { id, name } = member;
  const change = useMutation({
    mutationFn: (role: Role) => api().members.update(id, { role }),
    onSuccess: async ({ role }) => {
      const undo = { label: words.everywhere.undo, run: () => change.mutate(member.role) };
      toast(said.changed(name, words.frame.role[role].toLowerCase()), isSelf ? {} : { action: undo });
      await reload();
      if (isSelf) amendWorkspace({ role });
    },
  });
  if (!can('members:manage') || isAbove(member.role, workspace!.role)) return words.frame.role[member.role];
  return (
    <div>
      <select
        aria-label={said.roleOf(name)}
        value={change.isPending ? change.variables : member.role}
        className={styles.role}
        onChange={(event) => {
          const role = event.target.value as Role;
          if (change.isPending) return;
          if (isSelf && isAbove(member.role, role)) setLess(role);
          else change.mutate(role);
        }}
      >
        <RoleOptions roles={roles} />
      </select>
      {change.error && <Refusal>{messageOf(change.error)}</Refusal>}
      {less && (
        <Confirm
          title={said.less}
          label={said.lessDo}
          run={() => change.mutateAsync(less)}
          onClose={() => setLess(undefined)}
        >
          {said.lessHelp(words.frame.role[less].toLowerCase())}
        </Confirm>
      )}
    </div>
  );
}

const reload = (): Promise<void> => queries.invalidateQueries({ queryKey: KEY });
