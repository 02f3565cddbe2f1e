// Lists under a name: what the address says now is kept, for oneself or for all in the workspace, and is one press away.
import { useMutation, useQuery } from '@tanstack/react-query';
import { Bookmark, Pencil, Save, Trash2 } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import type { View } from '#contract/views.ts';
import { api, fieldErrors, messageOf, queries } from '../api.ts';
import { useSession } from '../session.tsx';
import { Button, IconButton } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { CheckField, TextField } from '../ui/field.tsx';
import { Failure, Loading } from '../ui/page.tsx';
import { Popover } from '../ui/popover.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import styles from './views.module.css';

const KEY = ['views'];

/** `query`: the list as it stands now; `current`: the id of the view that it came from. */
export function Views({
  query,
  current,
  onOpen,
}: {
  query: string;
  current: string | undefined;
  onOpen(view: View): void;
}) {
  const [asking, setAsking] = useState<'save' | View>();
  const list = useQuery({ queryKey: KEY, queryFn: ({ signal }) => api().views.list({ signal }) });
  const view = list.data?.find(({ id }) => id === current);
  return (
    <>
      <Popover
        label={view?.name ?? words.customers.views.button}
        icon={<Bookmark aria-hidden="true" />}
        title={words.customers.views.title}
      >
        {(close) => (
          <div className={styles.menu}>
            {list.isPending && <Loading />}
            {list.error && <Failure error={list.error} onRetry={() => list.refetch()} />}
            {list.data && (
              <ViewList
                views={list.data}
                {...{ query, current }}
                onOpen={(one) => {
                  close();
                  onOpen(one);
                }}
                onRename={(one) => {
                  close();
                  setAsking(one);
                }}
              />
            )}
            <Button
              icon={<Save aria-hidden="true" />}
              onClick={() => {
                close();
                setAsking('save');
              }}
            >
              {words.customers.views.save}
            </Button>
          </div>
        )}
      </Popover>
      {asking && (
        <ViewDialog
          view={asking === 'save' ? undefined : asking}
          query={query}
          onClose={() => setAsking(undefined)}
          onSaved={(saved, isNew) => {
            setAsking(undefined);
            if (isNew) onOpen(saved);
          }}
        />
      )}
    </>
  );
}

function ViewList({
  views,
  query,
  current,
  onOpen,
  onRename,
}: {
  views: View[];
  query: string;
  current: string | undefined;
  onOpen(view: View): void;
  onRename(view: View): void;
}) {
  if (views.length === 0) return <p className={styles.none}>{words.customers.views.none}</p>;
  const groups = [
    { label: words.customers.views.mine, views: views.filter(({ shared }) => !shared) },
    { label: words.customers.views.shared, views: views.filter(({ shared }) => shared) },
  ].filter((group) => group.views.length > 0);
  return groups.map(({ label, views: some }) => (
    <section key={label} aria-label={label} className={styles.group}>
      <h3>{label}</h3>
      <ul>
        {some.map((view) => (
          <Line key={view.id} {...{ view, query, onOpen, onRename }} isCurrent={view.id === current} />
        ))}
      </ul>
    </section>
  ));
}

function Line({
  view,
  query,
  isCurrent,
  onOpen,
  onRename,
}: {
  view: View;
  query: string;
  isCurrent: boolean;
  onOpen(view: View): void;
  onRename(view: View): void;
}) {
  const { account, can } = useSession();
  const { name, shared, made_by } = view;
  // Of what is shared its maker has charge, and who manages the workspace.
  const mayChange = made_by.id === account.id || (shared && can('workspace:manage'));
  const onError = (error: unknown) => toast(messageOf(error), { tone: 'bad' });
  const onSuccess = () => queries.invalidateQueries({ queryKey: KEY });
  const update = useMutation({
    mutationFn: () => api().views.update(view.id, { query }),
    onError,
    onSuccess: () => {
      toast(words.customers.views.saved(name));
      return onSuccess();
    },
  });
  const remove = useMutation({
    mutationFn: () => api().views.delete(view.id),
    onError,
    onSuccess: () => {
      const run = () => void api().views.create({ name, query: view.query, shared }).then(onSuccess, onError);
      toast(words.customers.views.removed(name), { action: { label: words.everywhere.undo, run } });
      return onSuccess();
    },
  });
  return (
    <li className={styles.line}>
      <button type="button" className={styles.open} aria-current={isCurrent || undefined} onClick={() => onOpen(view)}>
        <span>{name}</span>
        {shared && <small>{words.customers.views.by(made_by.name)}</small>}
      </button>
      {mayChange && (
        <>
          {isCurrent && query !== view.query && (
            <IconButton
              label={words.customers.views.update(name)}
              icon={<Save aria-hidden="true" />}
              onClick={() => update.mutate()}
            />
          )}
          <IconButton
            label={words.customers.views.rename(name)}
            icon={<Pencil aria-hidden="true" />}
            onClick={() => onRename(view)}
          />
          <IconButton
            label={words.customers.views.remove(name)}
            icon={<Trash2 aria-hidden="true" />}
            onClick={() => remove.mutate()}
          />
        </>
      )}
    </li>
  );
}

function ViewDialog({
  view,
  query,
  onClose,
  onSaved,
}: {
  view: View | undefined;
  query: string;
  onClose(): void;
  onSaved(view: View, isNew: boolean): void;
}) {
  const form = useId();
  const [name, setName] = useState(view?.name ?? '');
  const [shared, setShared] = useState(view?.shared ?? false);
  const mayShare = useSession().can('customers:write');
  const saving = useMutation({
    mutationFn: () =>
      view ? api().views.update(view.id, { name, shared }) : api().views.create({ name, query, shared }),
    onSuccess: async (saved) => {
      await queries.invalidateQueries({ queryKey: KEY });
      toast(words.customers.views.saved(saved.name));
      onSaved(saved, !view);
    },
  });
  const errors = fieldErrors(saving.error);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!saving.isPending) saving.mutate();
  }

  return (
    <Dialog
      title={view ? words.customers.views.renameDialog : words.customers.views.dialog}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{words.everywhere.cancel}</Button>
          <Button type="submit" form={form} look="primary" busy={saving.isPending}>
            {words.everywhere.save}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} noValidate className={styles.form}>
        <TextField
          label={words.customers.views.name}
          value={name}
          required
          error={errors.name}
          onChange={({ target }) => setName(target.value)}
        />
        {(mayShare || shared) && (
          <CheckField
            label={words.customers.views.share}
            checked={shared}
            onChange={({ target }) => setShared(target.checked)}
          />
        )}
        {saving.error && !errors.name && <Failure error={saving.error} />}
      </form>
    </Dialog>
  );
}
