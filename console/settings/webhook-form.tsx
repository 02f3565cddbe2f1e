// A webhook that is added or changed.
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { EVENT_TYPES } from '#contract/event-types.ts';
import type { Webhook, WebhookWithSecret } from '#contract/webhooks.ts';
import { api, fieldErrors } from '../api.ts';
import { CheckField, SelectField, TextField } from '../ui/field.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { words } from '../words.ts';
import styles from './settings.module.css';

const said = words.webhooks;

type Props = { of?: Webhook; onClose(): void; onSaved(saved: Webhook & Partial<WebhookWithSecret>): void };

export function WebhookForm({ of, onClose, onSaved }: Props) {
  const [url, setUrl] = useState(of?.url ?? '');
  const [description, setDescription] = useState(of?.description ?? '');
  const [types, setTypes] = useState<string[] | null>(of?.event_types ?? null);
  const saving = useMutation({
    mutationFn: () => {
      const input = { url, description, event_types: types };
      return of ? api().webhooks.update(of.id, input) : api().webhooks.create(input);
    },
    onSuccess: onSaved,
  });
  const errors = fieldErrors(saving.error);
  return (
    <FormDialog
      title={of ? said.editOf(of.url) : said.add}
      submit={of ? said.save : said.add}
      busy={saving.isPending}
      error={saving.error}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <TextField
        label={said.url}
        name="url"
        autoComplete="off"
        inputMode="url"
        required
        autoFocus
        hint={said.urlHint}
        value={url}
        error={errors.url}
        onChange={(event) => setUrl(event.target.value)}
      />
      <TextField
        label={said.description}
        name="description"
        autoComplete="off"
        value={description}
        error={errors.description}
        onChange={(event) => setDescription(event.target.value)}
      />
      <SelectField
        label={said.events}
        name="events"
        value={types === null ? 'all' : 'some'}
        error={errors.event_types}
        onChange={(event) => setTypes(event.target.value === 'all' ? null : [])}
      >
        <option value="all">{said.allEvents}</option>
        <option value="some">{said.someEvents}</option>
      </SelectField>
      {types !== null && (
        <fieldset className={styles.choices}>
          <legend className="unseen">{said.someEvents}</legend>
          {EVENT_TYPES.map((type) => (
            <CheckField
              key={type}
              label={type}
              checked={types.includes(type)}
              onChange={({ target }) =>
                setTypes(target.checked ? [...types, type] : types.filter((other) => other !== type))
              }
            />
          ))}
        </fieldset>
      )}
    </FormDialog>
  );
}
