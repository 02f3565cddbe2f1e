// The keys that programs sign in with: each is shown once, when it is made.
import { useMutation, useQuery } from '@tanstack/react-query';
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import type { Key } from '#contract/access.ts';
import type { Role } from '#contract/roles.ts';
import { api, fieldErrors, queries } from '../api.ts';
import { useSession } from '../session.tsx';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { TextField } from '../ui/field.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { Badge, Empty, Pending, Section } from '../ui/page.tsx';
import rows from '../ui/rows.module.css';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import { isAbove, RoleField } from './roles.tsx';
import { Secret, SecretDialog } from './secret.tsx';
import styles from './settings.module.css';

const said = words.settings.keys;
const KEY = ['keys'];

export function KeysSettings() {
  const { workspace } = useSession();
  const [isCreating, setCreating] = useState(false);
  const query = useQuery({ queryKey: KEY, queryFn: ({ signal }) => api().keys.list({ signal }) });
  const { data } = query;
  return (
    <Section
      title={said.of(workspace!.name)}
      actions={
        <Button look="primary" icon={<Plus aria-hidden="true" />} onClick={() => setCreating(true)}>
          {said.create}
        </Button>
      }
    >
      <p className={styles.note}>{said.help}</p>
      <Pending query={query} />
      {data?.length === 0 && <Empty title={said.none} icon={<KeyRound aria-hidden="true" />} />}
      {data && data.length > 0 && <Keys keys={data} />}
      {isCreating && <Create onClose={() => setCreating(false)} />}
    </Section>
  );
}

function Keys({ keys }: { keys: Key[] }) {
  return (
    <Table heads={[said.name, said.role, said.made, said.state]} actions={said.revoke}>
      {keys.map((key) => (
        <Row key={key.id} of={key} />
      ))}
    </Table>
  );
}

function Row({ of: { id, name, role, created_at, revoked_at } }: { of: Key }) {
  const [isRevoking, setRevoking] = useState(false);

  async function revoke() {
    await api().keys.revoke(id);
    toast(said.revoked(name));
    return reload();
  }

  return (
    <tr>
      <th scope="row">{name}</th>
      <td data-label={said.role}>{words.frame.role[role]}</td>
      <td data-label={said.made}>
        <Time at={created_at} />
      </td>
      <td data-label={said.state}>
        {revoked_at ? <Badge>{said.isRevoked}</Badge> : <Badge tone="good">{said.inForce}</Badge>}
      </td>
      <td>
        {!revoked_at && (
          <div className={rows.actions}>
            <Button aria-label={said.revokeOf(name)} onClick={() => setRevoking(true)}>
              {said.revoke}
            </Button>
          </div>
        )}
        {isRevoking && (
          <Confirm title={said.revokeTitle(name)} label={said.revoke} run={revoke} onClose={() => setRevoking(false)}>
            {said.revokeHelp}
          </Confirm>
        )}
      </td>
    </tr>
  );
}

function Create({ onClose }: { onClose(): void }) {
  const { workspace } = useSession();
  const [typed, setTyped] = useState<{ name: string; role: Role }>({
    name: '',
    role: isAbove('editor', workspace!.role) ? workspace!.role : 'editor',
  });
  const create = useMutation({ mutationFn: () => api().keys.create(typed), onSuccess: reload });
  if (create.data) return <Created text={create.data.key} onClose={onClose} />;
  const errors = fieldErrors(create.error);
  return (
    <FormDialog
      title={said.create}
      submit={said.create}
      busy={create.isPending}
      error={create.error}
      onSubmit={() => create.mutate()}
      onClose={onClose}
    >
      <TextField
        label={said.name}
        name="name"
        autoComplete="off"
        required
        autoFocus
        hint={said.nameHint}
        value={typed.name}
        error={errors.name}
        onChange={(event) => setTyped({ ...typed, name: event.target.value })}
      />
      <RoleField name="role" value={typed.role} error={errors.role} onRole={(role) => setTyped({ ...typed, role })} />
    </FormDialog>
  );
}

function Created({ text, onClose }: { text: string | null; onClose(): void }) {
  const command = `curl -H "Authorization: Bearer ${text}" "${location.origin}/api/customers?limit=5"`;
  return (
    <SecretDialog
      title={said.created}
      {...{ text, onClose }}
      lost={said.lost}
      help={said.createdHelp}
      label={said.key}
      copyLabel={said.copyKey}
    >
      <h3>{said.tryIt}</h3>
      <Secret label={said.tryIt} text={command} copyLabel={said.copyCommand} />
    </SecretDialog>
  );
}

const reload = (): Promise<void> => queries.invalidateQueries({ queryKey: KEY });
