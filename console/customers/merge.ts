// Two people at one record: what each changed is put together field by field, and only what both changed is anybody's to
// decide.
import { Problem } from '#client/clientele.ts';
import type { Customer } from '#contract/customers.ts';
import { api } from '../api.ts';
import { FIELDS, type FieldName, type Values } from './fields.ts';

/** What somebody wants to save: new values, and those that stood there when they began to type. */
export type Edit = { base: Values; mine: Values };
export type Conflict = Edit & { theirs: Customer };
/** `beside`: the fields that somebody else changed meanwhile, which stand as well. */
export type Saved = { conflict: Conflict } | { conflict?: undefined; customer: Customer; beside: FieldName[] };

/** The fields that somebody else gave another value than they had, and than they are to have. */
export function overlaps({ base, mine, theirs }: Conflict): FieldName[] {
  return FIELDS.filter((name) => name in mine && theirs[name] !== base[name] && theirs[name] !== mine[name]);
}

/** So often is a record read again that is changed faster than one can save it. */
const ATTEMPTS = 5;

/**
 * Saves an edit. Where the record has changed meanwhile it is read again, and saved again if the changes leave each other
 * alone; otherwise nothing is saved, and the conflict is answered. Throws a Problem as the client does.
 */
export async function saveEdit(known: Customer, { base, mine }: Edit, signal?: AbortSignal): Promise<Saved> {
  let theirs = known;
  for (let attempt = 1; ; attempt++) {
    const conflict = { base, mine, theirs };
    if (overlaps(conflict).length > 0) return { conflict };
    try {
      const customer = await api().customers.update(known.id, mine, { if_match: theirs.version, signal });
      return { customer, beside: FIELDS.filter((name) => !(name in mine) && customer[name] !== known[name]) };
    } catch (error) {
      if (!(error instanceof Problem && error.status === 412) || attempt === ATTEMPTS) throw error;
      theirs = await api().customers.get(known.id, { signal });
    }
  }
}
