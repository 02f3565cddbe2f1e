// What stands in a cell: a customer's field as people read it, with the words of a search marked.
import { memo, type ReactNode } from 'react';
import type { Customer } from '#contract/customers.ts';
import type { SearchWord } from '#contract/search.ts';
import { timeOf } from '../ui/figures.ts';
import { Badge } from '../ui/page.tsx';
import { words } from '../words.ts';
import { type Kind, stretchesOf } from './highlight.ts';
import type { Column } from './list-url.ts';

/** How wide a column is at least, and its share of what is left. */
export const WIDTHS: Record<Column, [least: number, share: number]> = {
  first_name: [120, 1],
  last_name: [120, 1.2],
  email: [190, 1.8],
  phone: [140, 1],
  is_active: [96, 0.4],
  external_id: [130, 1],
  created_at: [132, 0.5],
  updated_at: [132, 0.5],
};

/** What can be changed in its cell; activity is switched rather than typed. */
export const TYPED: readonly Column[] = ['first_name', 'last_name', 'email', 'phone', 'external_id'];
export const isEditable = (column: Column): boolean => column === 'is_active' || TYPED.includes(column);

const KINDS: { [Name in Column]?: Kind } = { first_name: 'name', last_name: 'name', email: 'email', phone: 'phone' };

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

export function valueIn(row: Customer, column: Column, searched: readonly SearchWord[]): ReactNode {
  switch (column) {
    case 'is_active':
      return <State isActive={row.is_active} />;
    case 'created_at':
    case 'updated_at':
      return (
        <time dateTime={row[column]} title={timeOf(row[column])}>
          {day.format(new Date(row[column]))}
        </time>
      );
    default:
      return marked(row[column], KINDS[column], searched);
  }
}

export const State = memo(({ isActive }: { isActive: boolean }) => (
  <Badge tone={isActive ? 'good' : 'plain'}>{isActive ? words.customers.active : words.customers.inactive}</Badge>
));

/** The text with what was searched for marked in it. */
export function marked(text: string | null, kind: Kind | undefined, searched: readonly SearchWord[]): ReactNode {
  if (text === null || kind === undefined || searched.length === 0) return text;
  const stretches = stretchesOf(text, searched, kind);
  if (stretches.length === 0) return text;
  const parts: ReactNode[] = [];
  let at = 0;
  for (const [from, until] of stretches) {
    if (from > at) parts.push(text.slice(at, from));
    parts.push(<mark key={from}>{text.slice(from, until)}</mark>);
    at = until;
  }
  parts.push(text.slice(at));
  return parts;
}
