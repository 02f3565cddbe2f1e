// Over the page that somebody was at work on when their session ended: they sign in, and it goes on.
import { useEffect } from 'react';
import type { SignedIn } from '#contract/people.ts';
import { signInAddress, useSession } from '../session.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { words } from '../words.ts';
import { SignInForm } from './sign-in-form.tsx';
import { goOn, useSignedOut } from './signed-out.ts';

export function SignedOutDialog() {
  return useSignedOut() && <SignInAgain />;
}

function SignInAgain() {
  const { account } = useSession();
  useEffect(() => {
    // The cookie is the whole browser's: who signed in in another tab is signed in here.
    const look = async () => {
      const reply = await fetch('/api/session').catch(() => undefined);
      if (!reply?.ok) return;
      const signedIn: SignedIn = await reply.json();
      if (signedIn.account.id === account.id) goOn(true);
      else location.reload();
    };
    addEventListener('focus', look);
    return () => removeEventListener('focus', look);
  }, [account.id]);
  return (
    <Dialog
      title={words.people.endedTitle}
      onClose={() => goOn(false)}
      footer={
        <Button look="quiet" onClick={() => location.assign(signInAddress())}>
          {words.people.somebodyElse}
        </Button>
      }
    >
      <p>{words.people.ended}</p>
      <SignInForm email={account.email} onSignedIn={() => goOn(true)} />
    </Dialog>
  );
}
