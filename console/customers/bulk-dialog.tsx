// Asks whether a bulk edit is meant, with the number of customers that the server counts, and with what value.
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import type { BulkAction, BulkEdit } from '#contract/bulk-edits.ts';
import type { Cause } from '#contract/causes.ts';
import type { CustomerInput } from '#contract/customers.ts';
import { api, fieldErrors } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { CheckField, SelectField, TextField } from '../ui/field.tsx';
import { Failure } from '../ui/page.tsx';
import { words } from '../words.ts';
import styles from './bulk-bar.module.css';
import type { Selection } from './selection.ts';

type Field = keyof typeof words.bulk.fields;
const FIELDS = Object.keys(words.bulk.fields) as Field[];
/** Those that a customer may be without. */
const OPTIONAL: readonly Field[] = ['phone', 'external_id'];

/** The contract's own limit: more ids than these go in no request. */
const MOST_IDS = 10_000;

export const targetsOf = (selection: Selection): Pick<BulkEdit, 'ids' | 'filter'> =>
  'ids' in selection ? { ids: selection.ids } : { filter: selection.filter };

export function BulkDialog({
  action,
  selection,
  onClose,
  onBegun,
}: {
  action: BulkAction;
  selection: Selection;
  onClose(): void;
  onBegun(cause: Cause): void;
}) {
  const [field, setField] = useState<Field>('phone');
  const [value, setValue] = useState('');
  const [empty, setEmpty] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const form = useId();
  const count = useCount(selection);
  const total = count.data;
  const told = total === undefined ? words.bulk.some : words.bulk.customers(total);
  const text = words.bulk.confirm[action];
  const errors = fieldErrors(error);
  const atField = errors[`customer/${field}`];
  const emptyOnly = field === 'external_id';
  const tooMany = 'ids' in selection && selection.ids.length > MOST_IDS;

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (busy || tooMany || !total) return;
    setBusy(true);
    setError(undefined);
    const customer: Partial<CustomerInput> = { [field]: emptyOnly || empty ? null : value };
    try {
      const more = action === 'update' ? { customer } : {};
      onBegun(await api().customers.bulkEdit({ ...targetsOf(selection), action, ...more }));
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={text.title(told)}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{words.everywhere.cancel}</Button>
          <Button
            type="submit"
            form={form}
            look={action === 'delete' ? 'danger' : 'primary'}
            busy={busy || count.isFetching}
            disabled={tooMany || !total}
          >
            {text.run(told)}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} className={styles.form} noValidate>
        <p>{text.body}</p>
        <p role="status">
          {tooMany
            ? words.bulk.tooMany(MOST_IDS)
            : count.isFetching
              ? words.bulk.counting
              : total === 0
                ? words.bulk.nobody
                : ''}
        </p>
        {count.error && <Failure error={count.error} onRetry={() => count.refetch()} />}
        {action === 'update' && (
          <>
            <SelectField
              label={words.bulk.field}
              value={field}
              onChange={({ target }) => {
                setField(target.value as Field);
                setError(undefined);
              }}
            >
              {FIELDS.map((name) => (
                <option key={name} value={name}>
                  {words.bulk.fields[name]}
                </option>
              ))}
            </SelectField>
            {emptyOnly ? (
              <p>{words.bulk.emptyOnly}</p>
            ) : (
              <>
                <TextField
                  label={words.bulk.value}
                  value={value}
                  readOnly={empty}
                  onChange={({ target }) => setValue(target.value)}
                  error={atField}
                />
                {OPTIONAL.includes(field) && (
                  <CheckField
                    label={words.bulk.empty}
                    checked={empty}
                    onChange={({ target }) => setEmpty(target.checked)}
                  />
                )}
              </>
            )}
          </>
        )}
        {error !== undefined && !atField && <Failure error={error} />}
      </form>
    </Dialog>
  );
}

/** How many it would be about, as the server counts them now. */
function useCount(selection: Selection) {
  return useQuery({
    queryKey: ['bulk-count', selection],
    queryFn: ({ signal }) => api().customers.countBulkEdit({ ...targetsOf(selection), action: 'activate' }, { signal }),
    enabled: !('ids' in selection) || selection.ids.length <= MOST_IDS,
    staleTime: 0,
    gcTime: 0,
  });
}
