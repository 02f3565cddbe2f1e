// What the server refuses, said at the field that it is about, with a way to whoever has the value already.
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { Problem } from '#client/clientele.ts';
import { messageOf } from '../api.ts';
import { words } from '../words.ts';
import type { FieldName } from './fields.ts';
import styles from './record.module.css';
import { isMissing } from './record-data.ts';

export type Refusals = { [Name in FieldName]?: ReactNode };

/** `onFollow`: the link to another customer is followed. */
export function refusalsOf(error: unknown, onFollow?: () => void): Refusals {
  if (!(error instanceof Problem)) return {};
  return Object.fromEntries(
    error.errors
      .filter(({ pointer }) => pointer.startsWith('/'))
      .map(({ pointer, detail, conflict }) => [
        pointer.slice(1),
        conflict ? (
          <>
            {detail}{' '}
            <Link href={`/customers/${conflict.id}`} onClick={onFollow}>
              {words.record.holder}
            </Link>
          </>
        ) : (
          detail
        ),
      ]),
  );
}

/** What went wrong beside the fields; nothing where each refusal stands at its field. */
export function reasonOf(error: unknown): string | undefined {
  if (error === null || error === undefined) return undefined;
  if (error instanceof Problem && error.errors.some(({ pointer }) => pointer.startsWith('/'))) return undefined;
  return isMissing(error) ? words.record.gone : messageOf(error);
}

/** All refusals in one place, where no field is shown for them to stand at. */
export function RefusalList({ error, onFollow }: { error: unknown; onFollow?: () => void }) {
  const refusals = Object.entries(refusalsOf(error, onFollow));
  const reason = reasonOf(error);
  if (refusals.length === 0 && reason === undefined) return null;
  return (
    <div role="alert" className={styles.refused}>
      {reason !== undefined && <p>{reason}</p>}
      {refusals.map(([name, refusal]) => (
        <p key={name}>{refusal}</p>
      ))}
    </div>
  );
}
