import type { OpenidErrorCode } from '#contract/sign-in.ts';

export const secondFactor = {
  title: 'Second factor',
  on: 'On',
  off: 'Off',
  about:
    'A code of an authenticator app besides your password: whoever finds out the password alone does not get in. Any app for one-time codes (TOTP) will do.',
  noPassword:
    'You sign in with the provider of your organisation, which may ask for a second factor of its own. To have one here you need a password first: reset it on the page to sign in.',
  setUp: 'Set up',
  codesLeft: (count: number) =>
    count === 1 ? 'One recovery code is left.' : `${count === 0 ? 'No' : count} recovery codes are left.`,
  newCodes: 'New recovery codes',
  newCodesHelp: 'Those that you have count no longer.',
  remove: 'Switch off',
  removeHelp: 'From then on the password alone signs you in, and the recovery codes are gone.',
  removed: 'The second factor is off.',
  password: 'Password',
  code: 'Code',
  codeHint: 'The 6 digits that the app shows now.',
  proofHint: 'The 6 digits that the app shows now, or a recovery code.',
  next: 'Go on',
  switchOn: 'Switch on',
  passwordFirst: 'Your password first, since this is about how you sign in.',
  scan: 'Read this with your authenticator app, then type the code that it shows.',
  qr: 'QR code for the authenticator app',
  typeIt: 'No camera? Type this into the app:',
  copySecret: 'Copy the secret',
  secret: 'Secret',
  switchedOn: 'The second factor is on',
  codes: 'Recovery codes',
  codesHelp:
    'Each lets you in once when the app is lost. Keep them where the app is not, on paper or in a password manager: they are shown this once.',
  copyCodes: 'Copy the codes',
  download: 'Download',
  file: 'clientele-recovery-codes.txt',
  kept: 'I have kept them',

  signInCode: 'Code of your app',
  signInHint: 'Your password is right. Open your authenticator app, and type the 6 digits that it shows.',
  recoveryCode: 'Recovery code',
  recoveryHint: 'One of the ten that you have kept. It works once.',
  useRecovery: 'App lost? Use a recovery code',
  useApp: 'Use the app instead',
  anotherAccount: 'Back',

  continueWith: (name: string) => `Continue with ${name}`,
  or: 'or',
  refused: {
    openid_unavailable: 'The provider does not answer at the moment. Try again, or sign in by email and password.',
    openid_refused: 'The provider did not let you in, or you gave up there.',
    openid_expired: 'This took longer than ten minutes, or went on in another tab. Try again.',
    openid_unverified:
      'The provider does not vouch for your address. Ask whoever runs it to verify the address, or sign in by password.',
    openid_unknown:
      'Nobody with your address is a member here. Ask whoever manages the workspace to invite you, then try again.',
    openid_second_factor:
      'Your account has a second factor. Sign in by password and code this once; after that, use the button in the same browser.',
    openid_other_identity:
      'The account with your address belongs to somebody else at the provider. Sign in by password, or ask whoever runs this server.',
    openid_too_many: 'Too many attempts. Try again in some minutes.',
  } satisfies Record<OpenidErrorCode, string> as Record<string, string>,
};
