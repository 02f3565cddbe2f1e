// What a caller sends of a customer, checked, with what is derived from it before the write takes its turn.
import type { Workspace } from '#contract/access.ts';
import { type CustomerInput, inputFields, READ_ONLY_FIELDS } from '#contract/customers.ts';
import { checkInput } from '#contract/input.ts';
import type { Actor } from '../access/access.ts';
import type { LoggedChange } from '../events/events.ts';
import { invalid, notFound } from '../problem.ts';
import { isUuid } from '../uuid.ts';
import type { Change, CheckedInput } from './change.ts';
import { searchColumnsOf } from './columns.ts';
import { toE164 } from './phone.ts';
import { withDefaults } from './settle.ts';

/** Checks a whole customer as given by a caller. */
export function wholeInput(
  actor: Actor,
  body: unknown,
  amend?: (fields: Partial<CustomerInput>) => void,
): CheckedInput<CustomerInput> {
  const { fields, errors } = checkInput(inputFields, body, { partial: false, readOnly: READ_ONLY_FIELDS });
  if (errors.length > 0) throw invalid(errors);
  amend?.(fields);
  return completeInput(actor, fields);
}

/** Checks some fields of a customer as given by a caller. */
export function partialInput(actor: Actor, body: unknown): CheckedInput<Partial<CustomerInput>> {
  const { fields, errors } = checkInput(inputFields, body, { partial: true, readOnly: READ_ONLY_FIELDS });
  if (errors.length > 0) throw invalid(errors);
  return derive(actor, fields);
}

/** Adds to fields that `checkInput` has passed what is left out and what is derived. */
function completeInput(actor: Actor, fields: Partial<CustomerInput>): CheckedInput<CustomerInput> {
  return withColumns(derive(actor, withDefaults(fields)));
}

function derive<Fields extends Partial<CustomerInput>>({ workspace }: Holder, fields: Fields): CheckedInput<Fields> {
  return fields.phone === undefined ? { fields } : { fields, phone_e164: toE164(fields.phone, workspace.region) };
}

/** Whose customers they are: the region tells how a phone number without a country code is read. */
type Holder = { workspace: Pick<Workspace, 'region'> };

/** Adds to some fields that `checkInput` has passed what is derived from them. */
export function givenInput(holder: Holder, fields: Partial<CustomerInput>): CheckedInput<Partial<CustomerInput>> {
  return withColumns(derive(holder, fields));
}

/** Adds the columns by which the customer will be found, where the fields are all that they are made of. */
export function withColumns<Fields extends Partial<CustomerInput>>(input: CheckedInput<Fields>): CheckedInput<Fields> {
  const { first_name, last_name, email, phone = null } = input.fields;
  if (first_name === undefined || last_name === undefined || email === undefined) return input;
  return {
    ...input,
    columns: searchColumnsOf({ first_name, last_name, email, phone, phone_e164: input.phone_e164 ?? null }),
  };
}

/** What takes a change of the log back. */
export function undoOf(workspace: Workspace, { type, customer_id, before, after }: LoggedChange): Change {
  const phone_e164 = before?.phone === undefined ? null : toE164(before.phone, workspace.region);
  return { kind: 'undo', event: { type, customer_id, before, after, phone_e164 } };
}

/** A malformed id is no id of ours: the same 404 as an unknown one. */
export function knownId(id: string): string {
  if (!isUuid(id)) throw notFound();
  return id.toLowerCase();
}
