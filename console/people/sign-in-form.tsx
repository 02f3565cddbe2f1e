// Email and password, and the code of a second factor where there is one, wherever somebody signs in: on the page of its
// own, and over a page when a session has ended.
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Problem } from '#client/clientele.ts';
import type { SignedIn } from '#contract/people.ts';
import { api, fieldErrors } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { PasswordField } from '../ui/password-field.tsx';
import { words } from '../words.ts';
import { asksForCode, CodeField, isQuestion } from './code-field.tsx';

const isRefused = (error: unknown) => error instanceof Problem && error.code === 'sign_in_refused';

/** `email`: whose it is; asked for where it is not given. `above` and `below`: what is of no use once the password is right. */
export function SignInForm({
  email,
  above,
  below,
  onSignedIn,
}: {
  email?: string;
  above?: ReactNode;
  below?: ReactNode;
  onSignedIn(signedIn: SignedIn): void;
}) {
  const [typed, setTyped] = useState({ email: email ?? '', password: '', code: '' });
  const [takesCode, setTakesCode] = useState(false);
  const signIn = useMutation({
    mutationFn: () => {
      const { code, ...rest } = typed;
      return api().session.signIn(takesCode ? typed : rest);
    },
    onSuccess: onSignedIn,
    // The password may have been changed meanwhile.
    onError: (error) => setTakesCode(asksForCode(error) || (takesCode && !isRefused(error))),
  });
  const errors = fieldErrors(signIn.error);
  const set = (part: Partial<typeof typed>) => setTyped({ ...typed, ...part });
  const back = () => {
    setTakesCode(false);
    set({ code: '' });
    signIn.reset();
  };
  const submit = (
    <Button type="submit" look="primary" busy={signIn.isPending}>
      {words.people.signIn}
    </Button>
  );
  if (takesCode)
    return (
      <Form error={isQuestion(signIn.error) ? null : signIn.error} onSubmit={() => signIn.mutate()}>
        <CodeField value={typed.code} error={errors.code} onChange={(code) => set({ code })}>
          {submit}
        </CodeField>
        <Button look="quiet" onClick={back}>
          {words.secondFactor.anotherAccount}
        </Button>
      </Form>
    );
  return (
    <>
      {above}
      <Form error={signIn.error} onSubmit={() => signIn.mutate()}>
        <TextField
          label={words.people.email}
          type="email"
          name="email"
          autoComplete="username"
          required
          readOnly={email !== undefined}
          autoFocus={email === undefined}
          value={typed.email}
          error={errors.email}
          onChange={(event) => set({ email: event.target.value })}
        />
        <PasswordField
          label={words.people.password}
          name="password"
          required
          autoFocus={email !== undefined}
          value={typed.password}
          error={errors.password}
          onChange={(event) => set({ password: event.target.value })}
        />
        {submit}
      </Form>
      {below}
    </>
  );
}
