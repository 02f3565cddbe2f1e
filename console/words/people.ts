export const people = {
  signIn: 'Sign in',
  signOut: 'Sign out',
  account: 'Your account',
  email: 'Email',
  password: 'Password',
  name: 'Name',
  show: 'Show',
  hide: 'Hide',
  showPassword: 'Show the password',
  passwordHint: 'At least 12 characters; a few words that do not belong together are easy to remember.',
  forgot: 'Forgot your password?',
  forgotten: 'Reset your password',
  forgottenHelp: 'Say your email, and a link to set a new password is sent there. It holds for an hour.',
  sendLink: 'Send the link',
  linkSent: 'If there is an account with this address, a link is on its way.',
  linkSentHelp:
    'Nothing in your mail after a few minutes? Look into the spam folder. Where this server sends no mail, whoever runs it has a link for you: npx clientele people reset-link, and your email.',
  backToSignIn: 'Back to signing in',
  noAccountYet: 'No account yet? People come in by a link: ask whoever manages the workspace to invite you.',
  endedTitle: 'You have been signed out',
  ended:
    'Your session ended, or was ended somewhere else. What you typed is kept: sign in, and it goes on where you were.',
  somebodyElse: 'Sign in as somebody else',
  link: {
    reading: 'Reading the link…',
    owner: 'Make the first account',
    ownerHelp: (workspace: string) =>
      `You become owner of the workspace “${workspace}”, and may invite everybody else.`,
    makeAccount: 'Make the account',
    invitation: (workspace: string) => `Join “${workspace}”`,
    invitationHelp: (workspace: string, role: string) =>
      `You were invited to the workspace “${workspace}” as ${role}. Say your name and choose a password.`,
    invitationKnown: (workspace: string, role: string) =>
      `You were invited to the workspace “${workspace}” as ${role}. You have an account already: its password lets you in.`,
    join: 'Join',
    reset: 'Set a new password',
    resetHelp: 'It takes the place of the old one, and signs you out everywhere else.',
    setPassword: 'Set the password',
    newPassword: 'New password',
    missing: 'This address is not whole',
    missingHelp: 'The part behind the # is missing. Copy the whole link, or open it from where you got it.',
    unknown: 'There is no such link',
    unknownHelp:
      'It may have been cut short, or taken back. Copy it whole; where that does not help, ask whoever sent it for another.',
    used: 'This link has been used',
    usedHelp: 'Each link works once. If it was you, just sign in.',
    expired: 'This link has expired',
    expiredHelp:
      'Ask for another: whoever invited you makes one in the settings, under Members. A link that resets a password you can ask for yourself. For the first account, run npx clientele owner-link where the server is.',
    failed: 'The link cannot be read at the moment',
  },
};
