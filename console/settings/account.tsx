// One's own account: name, password, and where one is signed in.
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, fieldErrors } from '../api.ts';
import { amendSession, useSession } from '../session.tsx';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { Section } from '../ui/page.tsx';
import { PasswordField } from '../ui/password-field.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import { SecondFactor } from './second-factor.tsx';
import { forgetSessions, Sessions } from './sessions.tsx';

const said = words.settings.account;

export function AccountSettings() {
  return (
    <>
      <Person />
      <Password />
      <SecondFactor />
      <Sessions />
    </>
  );
}

function Person() {
  const { account } = useSession();
  const [name, setName] = useState(account.name);
  const save = useMutation({
    mutationFn: () => api().account.update({ name }),
    onSuccess: (account) => {
      setName(account.name);
      toast(words.settings.saved);
      amendSession((known) => ({ ...known, account }));
    },
  });
  const errors = fieldErrors(save.error);
  return (
    <Section title={said.person}>
      <Form narrow error={save.error} onSubmit={() => save.mutate()}>
        <TextField
          label={words.people.name}
          name="name"
          autoComplete="name"
          required
          hint={said.nameHint}
          value={name}
          error={errors.name}
          onChange={(event) => setName(event.target.value)}
        />
        <TextField label={words.people.email} type="email" readOnly hint={said.emailHint} value={account.email} />
        <Button type="submit" busy={save.isPending}>
          {words.everywhere.save}
        </Button>
      </Form>
    </Section>
  );
}

const NOTHING = { current_password: '', new_password: '' };

function Password() {
  const { account } = useSession();
  const [typed, setTyped] = useState(NOTHING);
  const set = (part: Partial<typeof typed>) => setTyped({ ...typed, ...part });
  const change = useMutation({
    mutationFn: () => api().account.changePassword(typed),
    onSuccess: () => {
      setTyped(NOTHING);
      toast(said.changed);
      forgetSessions();
    },
  });
  const errors = fieldErrors(change.error);
  return (
    <Section title={said.password}>
      <Form narrow error={change.error} onSubmit={() => change.mutate()}>
        {/* For password managers, which ask whose it is. */}
        <input type="text" name="username" autoComplete="username" hidden readOnly value={account.email} />
        <PasswordField
          label={said.current}
          name="current_password"
          required
          value={typed.current_password}
          error={errors.current_password}
          onChange={(event) => set({ current_password: event.target.value })}
        />
        <PasswordField
          label={said.new}
          name="new_password"
          required
          isNew
          hint={words.people.passwordHint}
          value={typed.new_password}
          error={errors.new_password}
          onChange={(event) => set({ new_password: event.target.value })}
        />
        <Button type="submit" busy={change.isPending}>
          {said.change}
        </Button>
      </Form>
    </Section>
  );
}
