// Where people sign in, and where those go who forgot their password.
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { api, fieldErrors } from '../api.ts';
import { enter } from '../session.tsx';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { words } from '../words.ts';
import styles from './door.module.css';
import { Aside, Door } from './door.tsx';
import { ProviderButton, ProviderRefusal } from './provider.tsx';
import { SignInForm } from './sign-in-form.tsx';

export function SignInPage() {
  const [parameters] = useSearchParams();
  const [, navigate] = useLocation();
  if (parameters.has('forgotten')) return <ForgottenPage />;
  return (
    <Door title={words.people.signIn}>
      <SignInForm
        above={<ProviderRefusal code={parameters.get('error')} />}
        below={
          <>
            <ProviderButton to={placeWithin(parameters.get('to'))} />
            <Aside>
              <Link href="/sign-in?forgotten">{words.people.forgot}</Link>
            </Aside>
            <Aside>{words.people.noAccountYet}</Aside>
          </>
        }
        onSignedIn={(signedIn) => {
          enter(signedIn);
          navigate(placeWithin(parameters.get('to')), { replace: true });
        }}
      />
    </Door>
  );
}

/** A link may say where one goes on, but never on another site. */
function placeWithin(to: string | null): string {
  if (!to) return '/';
  const { origin, pathname, search } = new URL(to, location.origin);
  return to.startsWith('/') && origin === location.origin ? pathname + search : '/';
}

function ForgottenPage() {
  const [email, setEmail] = useState('');
  const ask = useMutation({ mutationFn: () => api().links.requestPasswordReset(email) });
  const errors = fieldErrors(ask.error);
  return (
    <Door title={words.people.forgotten}>
      {ask.isSuccess ? (
        <div role="status" className={styles.said}>
          <p>{words.people.linkSent}</p>
          <Aside>{words.people.linkSentHelp}</Aside>
        </div>
      ) : (
        <Form error={ask.error} onSubmit={() => ask.mutate()}>
          <p>{words.people.forgottenHelp}</p>
          <TextField
            label={words.people.email}
            type="email"
            name="email"
            autoComplete="username"
            required
            autoFocus
            value={email}
            error={errors.email}
            onChange={(event) => setEmail(event.target.value)}
          />
          <Button type="submit" look="primary" busy={ask.isPending}>
            {words.people.sendLink}
          </Button>
        </Form>
      )}
      <Aside>
        <Link href="/sign-in">{words.people.backToSignIn}</Link>
      </Aside>
    </Door>
  );
}
