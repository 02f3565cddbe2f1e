// Who is invited, and inviting somebody: the link is shown once, to be handed on.
import { useMutation, useQuery } from '@tanstack/react-query';
import { UserPlus } from 'lucide-react';
import { useState } from 'react';
import type { Invitation, NewInvitation } from '#contract/members.ts';
import type { Role } from '#contract/roles.ts';
import { api, fieldErrors, messageOf, queries } from '../api.ts';
import { useWays } from '../people/ways.ts';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { timeOf } from '../ui/figures.ts';
import { FormDialog } from '../ui/form-dialog.tsx';
import { Pending, Section } from '../ui/page.tsx';
import rows from '../ui/rows.module.css';
import { Table } from '../ui/table.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import { RoleField } from './roles.tsx';
import { SecretDialog } from './secret.tsx';
import styles from './settings.module.css';

const said = words.settings.invitations;
const KEY = ['invitations'];

export function Invitations() {
  const [isInviting, setInviting] = useState(false);
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => api().invitations.list({ signal }),
  });
  const { data } = query;
  return (
    <Section
      title={said.title}
      actions={
        <Button look="primary" icon={<UserPlus aria-hidden="true" />} onClick={() => setInviting(true)}>
          {said.invite}
        </Button>
      }
    >
      <Pending query={query} />
      {data?.length === 0 && <p className={styles.note}>{said.none}</p>}
      {data && data.length > 0 && <Open invitations={data} />}
      {isInviting && <Invite onClose={() => setInviting(false)} />}
    </Section>
  );
}

function Open({ invitations }: { invitations: Invitation[] }) {
  const revoke = useMutation({
    mutationFn: ({ id }: Invitation) => api().invitations.revoke(id),
    onSuccess: (_, { email }) => toast(said.revoked(email)),
    onError: (error) => toast(messageOf(error), { tone: 'bad' }),
    onSettled: reload,
  });
  return (
    <Table heads={[said.email, words.settings.members.role, said.by, said.expires]} actions={said.revoke}>
      {invitations.map((invitation) => (
        <tr key={invitation.id}>
          <th scope="row">{invitation.email}</th>
          <td data-label={words.settings.members.role}>{words.frame.role[invitation.role]}</td>
          <td data-label={said.by}>{invitation.made_by.name}</td>
          <td data-label={said.expires}>{timeOf(invitation.expires_at)}</td>
          <td>
            <div className={rows.actions}>
              <Button
                busy={revoke.isPending}
                aria-label={said.revokeOf(invitation.email)}
                onClick={() => revoke.mutate(invitation)}
              >
                {said.revoke}
              </Button>
            </div>
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Invite({ onClose }: { onClose(): void }) {
  const [typed, setTyped] = useState<{ email: string; role: Role }>({ email: '', role: 'editor' });
  const invite = useMutation({ mutationFn: () => api().invitations.create(typed), onSuccess: reload });
  if (invite.data) return <Invited invitation={invite.data} onClose={onClose} />;
  const errors = fieldErrors(invite.error);
  return (
    <FormDialog
      title={said.invite}
      submit={said.send}
      busy={invite.isPending}
      error={invite.error}
      onSubmit={() => invite.mutate()}
      onClose={onClose}
    >
      <TextField
        label={said.email}
        type="email"
        name="email"
        autoComplete="off"
        required
        autoFocus
        value={typed.email}
        error={errors.email}
        onChange={(event) => setTyped({ ...typed, email: event.target.value })}
      />
      <RoleField name="role" value={typed.role} error={errors.role} onRole={(role) => setTyped({ ...typed, role })} />
    </FormDialog>
  );
}

function Invited({ invitation: { email, link }, onClose }: { invitation: NewInvitation; onClose(): void }) {
  const isMailed = useWays()?.mail;
  return (
    <SecretDialog
      title={said.made}
      text={link && location.origin + link}
      lost={said.lost}
      help={isMailed ? said.mailedHelp(email) : said.madeHelp(email)}
      label={said.link}
      copyLabel={said.copyLink}
      onClose={onClose}
    />
  );
}

const reload = (): Promise<void> => queries.invalidateQueries({ queryKey: KEY });
