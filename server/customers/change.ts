// What can be done to a customer, and what comes of it.
import type { MatchField } from '#contract/batch.ts';
import type { Customer, CustomerInput } from '#contract/customers.ts';
import type { EventActor } from '#contract/events.ts';
import type { Idempotency, Replay } from '../idempotency/idempotency.ts';
import type { Problem } from '../problem.ts';
import type { SearchColumns } from './columns.ts';
import type { Suppressed } from './suppression.ts';

/** Checked values, with what is derived from them before the lock is taken; `columns` only of a whole customer. */
export type CheckedInput<Fields> = { fields: Fields; phone_e164?: string | null; columns?: SearchColumns };

export type Change =
  | { kind: 'create'; input: CheckedInput<CustomerInput>; created_at?: string }
  | { kind: 'replace'; id: string; input: CheckedInput<CustomerInput> }
  | { kind: 'update'; id: string; input: CheckedInput<Partial<CustomerInput>> }
  /** Creates the customer, or makes the one there is what the input says. */
  | { kind: 'upsert'; by: MatchField; value: string; input: CheckedInput<CustomerInput> }
  /** Creates the customer, or gives the one there is the fields of the input, as far as `rules` let them. */
  | {
      kind: 'merge';
      by: MatchField;
      /** null: nobody is meant who is there already. */
      value: string | null;
      input: CheckedInput<Partial<CustomerInput>>;
      /** A field without one is overwritten. */
      rules?: Partial<Record<keyof CustomerInput, 'overwrite' | 'only_if_empty' | 'leave'>> | undefined;
      created_at?: string;
    }
  | { kind: 'delete'; id: string }
  | { kind: 'restore'; id: string }
  | { kind: 'undo'; event: PastEvent }
  /** Removes the customer, deleted or not, and all that the log says of it. `suppress`: nobody may enter it again. */
  | { kind: 'erase'; id: string; suppress: boolean };

/** An event of a customer as what takes it back needs it; `phone_e164` of the former phone. */
export type PastEvent = {
  type: string;
  customer_id: string;
  before: Partial<CustomerInput> | null;
  after: Customer;
  phone_e164: string | null;
};

/** A field that an undo left as it is, and why: it was changed since, or another customer has its former value. */
export type Kept = { field: keyof CustomerInput; code: string };

export type Write = {
  change: Change;
  actor: EventActor;
  request_id: string | null;
  cause_id: string | null;
  /** Versions of which one must be the current one; absent: any. */
  if_match?: number[];
  idempotency?: Idempotency;
};

/** What became of a write that was done: the customer as it is now, also as the JSON that is answered. */
export type Done = {
  status: number;
  type: 'created' | 'updated' | 'unchanged' | 'deleted' | 'restored' | 'erased';
  customer: Customer;
  json: string;
  position: number;
  /** Whether the customer is deleted now. */
  deleted: boolean;
  kept: Kept[];
  /** Of a customer who was erased. */
  erased?: Erased;
};

/** `events`: how many there were. `values`: the emails and external ids that the customer had, and nobody else has. */
export type Erased = { events: number; values: string[]; suppressed: Suppressed[] };

export type Outcome = Pick<Done, 'status' | 'customer' | 'json' | 'position'> & { replayed: boolean };

/** What `decide` settled for a write: done, refused, or to be answered from the log. */
export type Decision = Done | { refused: Problem } | { replay: Replay };
