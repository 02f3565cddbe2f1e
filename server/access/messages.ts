// What is mailed: links, and what was done to an account.
import type { Mail, Message } from '../mail.ts';
import type { DeliverLink } from './links.ts';
import type { Notice, Notify } from './second-factor.ts';

/** Mails links; `public_url` is where people find the server. */
export const mailLinks =
  (mail: Mail, public_url: string): DeliverLink =>
  (message) =>
    mail.send({ to: message.email, ...textOf(message, public_url + message.link) });

function textOf(message: Parameters<DeliverLink>[0], address: string): Omit<Message, 'to'> {
  if (message.kind === 'password_reset')
    return {
      subject: 'A new password for Clientele',
      text: `Somebody, most likely you, asked for a new password for Clientele. Choose it here, within an hour:

${address}

If it was not you, there is nothing to do: your password stays as it is.
`,
    };
  const { inviter, workspace } = message;
  return {
    subject: `Invitation to ${workspace}`,
    text: `${inviter} invites you to work with the customers of ${workspace} in Clientele. Accept here, within seven days:

${address}

If this says nothing to you, there is nothing to do.
`,
  };
}

const NOTICES: Record<Notice, { subject: string; what: string }> = {
  password_changed: { subject: 'Your password was changed', what: 'The password of your account was changed.' },
  second_factor_on: {
    subject: 'Your second factor is on',
    what: 'Your account asks for a code of an authenticator app from now on.',
  },
  second_factor_off: {
    subject: 'Your second factor is off',
    what: 'Your account no longer asks for a code of an authenticator app.',
  },
  recovery_codes_renewed: {
    subject: 'You have new recovery codes',
    what: 'The recovery codes of your account were renewed; the former ones are void.',
  },
};

/** Mails what was done to an account to whom it belongs; `public_url` is where they can undo it. */
export const mailNotices =
  (mail: Mail, public_url: string): Notify =>
  (email, notice) => {
    const { subject, what } = NOTICES[notice];
    mail.send({
      to: email,
      subject,
      text: `${what}

If it was you, there is nothing to do. If not, ask for a new password at ${public_url}/sign-in, and look at
${public_url}/settings/account for sessions that are not yours.
`,
    });
  };
