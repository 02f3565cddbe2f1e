// Setting up the second factor: the password, the secret for the app with a code of it, and the recovery codes.
import { useMutation } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import type { TotpSetup } from '#contract/second-factor.ts';
import { api, fieldErrors } from '../api.ts';
import { useSession } from '../session.tsx';
import { TextField } from '../ui/field.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { Loading } from '../ui/page.tsx';
import { PasswordField } from '../ui/password-field.tsx';
import { words } from '../words.ts';
import { RecoveryCodes } from './recovery-codes.tsx';
import styles from './second-factor.module.css';
import { Secret } from './secret.tsx';

const said = words.secondFactor;
const QrCode = lazy(async () => ({ default: (await import('./qr.tsx')).QrCode }));

export function SetUp({ onClose }: { onClose(): void }) {
  const [setup, setSetup] = useState<TotpSetup>();
  const [codes, setCodes] = useState<string[]>();
  if (codes) return <RecoveryCodes title={said.switchedOn} codes={codes} onClose={onClose} />;
  if (setup) return <Confirm setup={setup} onConfirmed={setCodes} onClose={onClose} />;
  return <Begin onBegun={setSetup} onClose={onClose} />;
}

function Begin({ onBegun, onClose }: { onBegun(setup: TotpSetup): void; onClose(): void }) {
  const { account } = useSession();
  const [password, setPassword] = useState('');
  const begin = useMutation({ mutationFn: () => api().secondFactor.begin({ password }), onSuccess: onBegun });
  return (
    <FormDialog
      title={said.title}
      submit={said.next}
      busy={begin.isPending}
      error={begin.error}
      onSubmit={() => begin.mutate()}
      onClose={onClose}
    >
      <p>{said.passwordFirst}</p>
      <input type="text" name="username" autoComplete="username" hidden readOnly value={account.email} />
      <PasswordField
        label={said.password}
        name="password"
        required
        autoFocus
        value={password}
        error={fieldErrors(begin.error).password}
        onChange={(event) => setPassword(event.target.value)}
      />
    </FormDialog>
  );
}

type ConfirmProps = { setup: TotpSetup; onConfirmed(codes: string[]): void; onClose(): void };

function Confirm({ setup: { secret, uri }, onConfirmed, onClose }: ConfirmProps) {
  const [code, setCode] = useState('');
  const confirm = useMutation({
    mutationFn: () => api().secondFactor.confirm({ code }),
    onSuccess: ({ recovery_codes }) => onConfirmed(recovery_codes),
  });
  return (
    <FormDialog
      title={said.title}
      submit={said.switchOn}
      busy={confirm.isPending}
      error={confirm.error}
      onSubmit={() => confirm.mutate()}
      onClose={onClose}
    >
      <div className={styles.scan}>
        <p>{said.scan}</p>
        <Suspense fallback={<Loading />}>
          <QrCode text={uri} label={said.qr} />
        </Suspense>
        <div>
          <p className={styles.note}>{said.typeIt}</p>
          <Secret label={said.secret} text={grouped(secret)} copyLabel={said.copySecret} />
        </div>
      </div>
      <TextField
        label={said.code}
        name="code"
        hint={said.codeHint}
        autoComplete="one-time-code"
        inputMode="numeric"
        required
        autoFocus
        value={code}
        error={fieldErrors(confirm.error).code}
        onChange={(event) => setCode(event.target.value)}
      />
    </FormDialog>
  );
}

/** Four at a time, as one reads it off; apps leave the spaces out. */
const grouped = (secret: string) => secret.replace(/(.{4})(?=.)/g, '$1 ');
