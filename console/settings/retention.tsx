// How long customers are kept: after that they are erased for good.
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { RetentionRules } from '#contract/privacy.ts';
import { api, fieldErrors, queries } from '../api.ts';
import { useSession } from '../session.tsx';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { Pending, Section } from '../ui/page.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import styles from './settings.module.css';

const said = words.settings.retention;
const KEY = ['retention'];
const RULES = ['erase_deleted_after_days', 'erase_inactive_after_days'] as const;

export function Retention() {
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => api().workspaces.retention({ signal }),
  });
  const { data } = query;
  return (
    <Section title={said.title}>
      <p className={styles.note}>{said.help}</p>
      <Pending query={query} />
      {data && <RulesForm rules={data} />}
    </Section>
  );
}

type Typed = Record<(typeof RULES)[number], string>;

const typedOf = (rules: RetentionRules): Typed => ({
  erase_deleted_after_days: String(rules.erase_deleted_after_days ?? ''),
  erase_inactive_after_days: String(rules.erase_inactive_after_days ?? ''),
});

function RulesForm({ rules }: { rules: RetentionRules }) {
  const { can } = useSession();
  const [typed, setTyped] = useState(() => typedOf(rules));
  const save = useMutation({
    mutationFn: (sent: Typed) => {
      const given = RULES.map((rule) => [rule, sent[rule].trim() === '' ? null : Number(sent[rule])]);
      return api().workspaces.updateRetention(Object.fromEntries(given));
    },
    onSuccess: (saved, sent) => {
      // What was typed meanwhile stays.
      setTyped((now) => (now === sent ? typedOf(saved) : now));
      toast(words.settings.saved);
      queries.setQueryData(KEY, saved);
    },
  });
  const errors = fieldErrors(save.error);
  const may = can('customers:erase');
  return (
    <Form narrow error={save.error} onSubmit={() => save.mutate(typed)}>
      {RULES.map((rule) => (
        <TextField
          key={rule}
          label={said[rule]}
          name={rule}
          type="number"
          min={1}
          max={36500}
          step={1}
          hint={said.hint}
          readOnly={!may}
          value={typed[rule]}
          error={errors[rule]}
          onChange={(event) => setTyped({ ...typed, [rule]: event.target.value })}
        />
      ))}
      {may && (
        <Button type="submit" busy={save.isPending}>
          {said.save}
        </Button>
      )}
    </Form>
  );
}
