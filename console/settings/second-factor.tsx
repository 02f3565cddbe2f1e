// The second factor of one's own account: set up with an app, its recovery codes, and how it is switched off.
import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactNode, useId, useState } from 'react';
import { api, fieldErrors, queries } from '../api.ts';
import { useSession } from '../session.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { Badge, Pending, Section } from '../ui/page.tsx';
import { PasswordField } from '../ui/password-field.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import { RecoveryCodes } from './recovery-codes.tsx';
import styles from './second-factor.module.css';
import { SetUp } from './set-up.tsx';

const said = words.secondFactor;
const KEY = ['account', 'own'];

const reread = (): Promise<void> => queries.invalidateQueries({ queryKey: KEY });

type Doing = 'set up' | 'new codes' | 'remove';

export function SecondFactor() {
  const [doing, setDoing] = useState<Doing>();
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => api().account.read({ signal }),
  });
  const { data } = query;
  const close = () => {
    setDoing(undefined);
    reread();
  };
  return (
    <Section title={said.title}>
      <p className={styles.note}>{data?.has_password === false ? said.noPassword : said.about}</p>
      <Pending query={query} />
      {data?.second_factor && (
        <div className={styles.line}>
          <Badge tone="good">{said.on}</Badge>
          <span>{said.codesLeft(data.recovery_codes_left)}</span>
          <Button onClick={() => setDoing('new codes')}>{said.newCodes}</Button>
          <Button look="danger" onClick={() => setDoing('remove')}>
            {said.remove}
          </Button>
        </div>
      )}
      {data?.has_password && !data.second_factor && (
        <div className={styles.line}>
          <Badge>{said.off}</Badge>
          <Button onClick={() => setDoing('set up')}>{said.setUp}</Button>
        </div>
      )}
      {doing === 'set up' && <SetUp onClose={close} />}
      {doing === 'new codes' && <NewCodes onClose={close} />}
      {doing === 'remove' && <Remove onClose={close} />}
    </Section>
  );
}

function NewCodes({ onClose }: { onClose(): void }) {
  const [codes, setCodes] = useState<string[]>();
  if (codes) return <RecoveryCodes title={said.newCodes} codes={codes} onClose={onClose} />;
  return (
    <Proof
      title={said.newCodes}
      help={said.newCodesHelp}
      onClose={onClose}
      run={async (proof) => setCodes((await api().secondFactor.createRecoveryCodes(proof)).recovery_codes)}
    />
  );
}

function Remove({ onClose }: { onClose(): void }) {
  return (
    <Proof
      title={said.remove}
      help={said.removeHelp}
      look="danger"
      onClose={onClose}
      run={async (proof) => {
        await api().secondFactor.remove(proof);
        toast(said.removed);
        onClose();
      }}
    />
  );
}

/** Asks for both factors before something is done to them. */
function Proof({
  title,
  help,
  look = 'primary',
  run,
  onClose,
}: {
  title: string;
  help: ReactNode;
  look?: 'primary' | 'danger';
  run(proof: { password: string; code: string }): Promise<void>;
  onClose(): void;
}) {
  const form = useId();
  const { account } = useSession();
  const [typed, setTyped] = useState({ password: '', code: '' });
  const doing = useMutation({ mutationFn: () => run(typed) });
  const errors = fieldErrors(doing.error);
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{words.everywhere.cancel}</Button>
          <Button type="submit" form={form} look={look} busy={doing.isPending}>
            {title}
          </Button>
        </>
      }
    >
      <Form id={form} error={doing.error} onSubmit={() => doing.mutate()}>
        <p>{help}</p>
        <input type="text" name="username" autoComplete="username" hidden readOnly value={account.email} />
        <PasswordField
          label={said.password}
          name="password"
          required
          autoFocus
          value={typed.password}
          error={errors.password}
          onChange={(event) => setTyped({ ...typed, password: event.target.value })}
        />
        <TextField
          label={said.code}
          name="code"
          hint={said.proofHint}
          autoComplete="one-time-code"
          autoCapitalize="none"
          spellCheck={false}
          required
          value={typed.code}
          error={errors.code}
          onChange={(event) => setTyped({ ...typed, code: event.target.value })}
        />
      </Form>
    </Dialog>
  );
}
