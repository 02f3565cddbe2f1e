// The code of a second factor, wherever somebody signs in: of the app, or a recovery code when that is lost.
import { type ReactNode, useState } from 'react';
import { Problem } from '#client/clientele.ts';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { words } from '../words.ts';

const said = words.secondFactor;

type Props = { value: string; error: string | undefined; onChange(code: string): void; children: ReactNode };

/** `children`: the button that sends it. */
export function CodeField({ value, error, onChange, children }: Props) {
  const [isLost, setLost] = useState(false);
  return (
    <>
      <TextField
        // Anew, so that what is asked for now has the focus, and is read out.
        key={String(isLost)}
        label={isLost ? said.recoveryCode : said.signInCode}
        name="code"
        hint={isLost ? said.recoveryHint : said.signInHint}
        autoComplete={isLost ? 'off' : 'one-time-code'}
        inputMode={isLost ? 'text' : 'numeric'}
        autoCapitalize="none"
        spellCheck={false}
        required
        autoFocus
        value={value}
        error={error}
        onChange={(event) => onChange(event.target.value)}
      />
      {children}
      <Button
        look="quiet"
        onClick={() => {
          setLost(!isLost);
          onChange('');
        }}
      >
        {isLost ? said.useApp : said.useRecovery}
      </Button>
    </>
  );
}

/** Whether the server has asked for a code, or refused the one that it got. */
export const asksForCode = (error: unknown): boolean =>
  error instanceof Problem && error.code === 'second_factor_required';

/** Whether that was a question only, and nothing to complain about. */
export const isQuestion = (error: unknown): boolean =>
  error instanceof Problem && asksForCode(error) && error.errors.length === 0;
