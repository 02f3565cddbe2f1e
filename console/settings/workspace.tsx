// The workspace that is open: its name, and the region in which its phone numbers are read.
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, fieldErrors, queries } from '../api.ts';
import { amendWorkspace, useSession } from '../session.tsx';
import { Button } from '../ui/button.tsx';
import { SelectField, TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { Pending, Section } from '../ui/page.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import { regions } from './regions.ts';
import { Retention } from './retention.tsx';
import styles from './settings.module.css';

const said = words.settings.workspace;
const KEY = ['workspace'];

type Workspace = Awaited<ReturnType<ReturnType<typeof api>['workspaces']['list']>>[number];

export function WorkspaceSettings() {
  const { workspace } = useSession();
  const query = useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) =>
      (await api().workspaces.list({ signal })).find(({ slug }) => slug === workspace!.slug) ?? null,
  });
  const { data } = query;
  return (
    <>
      <Section title={said.about}>
        <Pending query={query} />
        {data && <WorkspaceForm workspace={data} />}
      </Section>
      <Retention />
    </>
  );
}

function WorkspaceForm({ workspace }: { workspace: Workspace }) {
  const { can, workspace: open } = useSession();
  const { slug } = workspace;
  const [typed, setTyped] = useState({ name: workspace.name, region: workspace.region ?? '' });
  const save = useMutation({
    mutationFn: (sent: typeof typed) => api().workspaces.update(slug, { name: sent.name, region: sent.region || null }),
    onSuccess: (saved, sent) => {
      const { name, region } = saved;
      // What was typed meanwhile stays.
      setTyped((now) => (now === sent ? { name, region: region ?? '' } : now));
      toast(words.settings.saved);
      amendWorkspace({ name });
      queries.setQueryData(KEY, saved);
    },
  });
  const errors = fieldErrors(save.error);
  const may = can('workspace:manage');
  const role = words.frame.role[open!.role].toLowerCase();
  return (
    <Form narrow error={save.error} onSubmit={() => save.mutate(typed)}>
      {!may && <p className={styles.note}>{words.settings.mayNot(role, said.manage)}</p>}
      <TextField
        label={said.name}
        name="workspace"
        autoComplete="off"
        required={may}
        readOnly={!may}
        value={typed.name}
        error={errors.name}
        onChange={(event) => setTyped({ ...typed, name: event.target.value })}
      />
      <TextField label={said.slug} readOnly hint={said.slugHint} value={slug} />
      <SelectField
        label={said.region}
        name="region"
        hint={said.regionHint}
        disabled={!may}
        value={typed.region}
        error={errors.region}
        onChange={(event) => setTyped({ ...typed, region: event.target.value })}
      >
        <option value="">{said.noRegion}</option>
        {regions().map(({ code, name }) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </SelectField>
      {may && (
        <Button type="submit" busy={save.isPending}>
          {words.everywhere.save}
        </Button>
      )}
    </Form>
  );
}
