// Rows in columns; on a phone each row is a card, in which `data-label` says what stands where.
import type { ReactNode } from 'react';
import rows from './rows.module.css';

type TableProps = {
  /** What heads the columns. */
  heads: readonly string[];
  /** Those of them that stand over figures. */
  figures?: readonly string[];
  /** What is done in the last column, which nobody who sees the buttons needs to be told. */
  actions?: string | undefined;
  label?: string;
  children: ReactNode;
};

export function Table({ heads, figures = [], actions, label, children }: TableProps) {
  return (
    <table className={rows.table} aria-label={label}>
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col" className={figures.includes(head) ? rows.number : undefined}>
              {head}
            </th>
          ))}
          {actions && (
            <th scope="col">
              <span className="unseen">{actions}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
