// The page that a link opens: it says what the link is for, and accepts it. Its secret stands in the fragment, which goes to
// the server in a body alone, and leaves the address bar as soon as it is read.
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Link as Anchor, useLocation } from 'wouter';
import { Problem } from '#client/clientele.ts';
import type { Link } from '#contract/people.ts';
import { api, fieldErrors } from '../api.ts';
import { enter } from '../session.tsx';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { Failure } from '../ui/page.tsx';
import { PasswordField } from '../ui/password-field.tsx';
import { words } from '../words.ts';
import { asksForCode, CodeField, isQuestion } from './code-field.tsx';
import { Aside, Door } from './door.tsx';

const said = words.people.link;

export function LinkPage() {
  const secret = useSecret();
  const { data, error, refetch } = useQuery({
    queryKey: ['link', secret],
    queryFn: () => api().links.read(secret),
    enabled: secret !== '',
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (secret === '') return <Refused title={said.missing} help={said.missingHelp} />;
  if (error) return <LinkProblem error={error} onRetry={refetch} />;
  if (!data) return <Door title={said.reading}>{null}</Door>;
  return <Acceptance key={secret} secret={secret} link={data} />;
}

/** It is remembered by this entry of the browser's history, so that a reload shows the same. */
function useSecret(): string {
  const [secret, setSecret] = useState(read);
  useEffect(() => {
    const take = () => {
      const next = read();
      if (location.hash.length > 1) history.replaceState({ secret: next }, '', location.pathname);
      setSecret(next);
    };
    take();
    addEventListener('hashchange', take);
    return () => removeEventListener('hashchange', take);
  }, []);
  return secret;
}

const read = (): string => location.hash.slice(1) || (history.state?.secret ?? '');

function Acceptance({ secret, link }: { secret: string; link: Link }) {
  const [, navigate] = useLocation();
  const [typed, setTyped] = useState({ email: '', name: '', password: '', code: '' });
  const [takesCode, setTakesCode] = useState(false);
  const set = (part: Partial<typeof typed>) => setTyped({ ...typed, ...part });
  const isNew = !link.has_account || link.kind === 'password_reset';
  const accept = useMutation({
    mutationFn: () => {
      const { email, name, password, code } = typed;
      const asksName = link.kind !== 'password_reset' && !link.has_account;
      return api().links.accept({
        secret,
        ...(link.email === null && { email }),
        ...(asksName && name !== '' && { name }),
        ...(password !== '' && { password }),
        ...(takesCode && { code }),
      });
    },
    onError: (error) => setTakesCode(takesCode || asksForCode(error)),
    onSuccess: (signedIn) => {
      enter(signedIn, link.workspace?.slug);
      navigate('/customers', { replace: true });
    },
  });
  const { error } = accept;
  const errors = fieldErrors(error);
  if (error instanceof Problem && ['link_used', 'link_expired', 'link_unknown'].includes(error.code))
    return <LinkProblem error={error} />;
  const { title, help, button } = wordsOf(link);
  const submit = (
    <Button type="submit" look="primary" busy={accept.isPending}>
      {button}
    </Button>
  );
  return (
    <Door title={title}>
      <Form error={isQuestion(error) ? null : error} onSubmit={() => accept.mutate()}>
        <p>{help}</p>
        <TextField
          label={words.people.email}
          type="email"
          name="email"
          autoComplete="username"
          required
          readOnly={link.email !== null}
          autoFocus={link.email === null}
          value={link.email ?? typed.email}
          error={errors.email}
          onChange={(event) => set({ email: event.target.value })}
        />
        {link.kind !== 'password_reset' && !link.has_account && (
          <TextField
            label={words.people.name}
            name="name"
            autoComplete="name"
            required
            autoFocus={link.email !== null}
            value={typed.name}
            error={errors.name}
            onChange={(event) => set({ name: event.target.value })}
          />
        )}
        <PasswordField
          label={link.kind === 'password_reset' ? said.newPassword : words.people.password}
          name="password"
          required
          isNew={isNew}
          hint={isNew ? words.people.passwordHint : undefined}
          autoFocus={link.kind === 'password_reset' || link.has_account}
          value={typed.password}
          error={errors.password}
          onChange={(event) => set({ password: event.target.value })}
        />
        {takesCode ? (
          <CodeField value={typed.code} error={errors.code} onChange={(code) => set({ code })}>
            {submit}
          </CodeField>
        ) : (
          submit
        )}
      </Form>
    </Door>
  );
}

function wordsOf({ kind, workspace, role, has_account }: Link): { title: string; help: string; button: string } {
  if (kind === 'password_reset') return { title: said.reset, help: said.resetHelp, button: said.setPassword };
  const name = workspace!.name;
  if (kind === 'owner') return { title: said.owner, help: said.ownerHelp(name), button: said.makeAccount };
  const as = words.frame.role[role!].toLowerCase();
  const help = has_account ? said.invitationKnown(name, as) : said.invitationHelp(name, as);
  return { title: said.invitation(name), help, button: said.join };
}

function LinkProblem({ error, onRetry }: { error: unknown; onRetry?(): void }) {
  const code = error instanceof Problem ? error.code : '';
  if (code === 'link_used') return <Refused title={said.used} help={said.usedHelp} />;
  if (code === 'link_expired') return <Refused title={said.expired} help={said.expiredHelp} />;
  if (code === 'link_unknown') return <Refused title={said.unknown} help={said.unknownHelp} />;
  return (
    <Door title={said.failed}>
      <Failure error={error} onRetry={onRetry} />
    </Door>
  );
}

function Refused({ title, help }: { title: string; help: string }) {
  return (
    <Door title={title}>
      <p>{help}</p>
      <Aside>
        <Anchor href="/sign-in">{words.people.signIn}</Anchor> ·{' '}
        <Anchor href="/sign-in?forgotten">{words.people.forgot}</Anchor>
      </Aside>
    </Door>
  );
}
