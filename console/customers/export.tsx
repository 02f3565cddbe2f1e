// All customers that the list shows, as a file: the browser writes it to disk while the server sends it, however many.
import { useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useState } from 'react';
import type { ExportFormat } from '#contract/exports.ts';
import { api, messageOf } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { download } from '../ui/download.ts';
import { SelectField } from '../ui/field.tsx';
import { Failure, Loading } from '../ui/page.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';

/** The parameters of a list, as its address has them or as the client takes them. Only those that choose customers count. */
export type ListParameters = Readonly<Record<string, unknown>>;

const NOT_OF_A_FILE = ['ordering', 'deleted', 'limit', 'cursor', 'fields'];

export function ExportButton({ query }: { query: ListParameters }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button icon={<Download />} onClick={() => setOpen(true)}>
        {words.exporting.button}
      </Button>
      {open && <ExportDialog filter={filterOf(query)} onClose={() => setOpen(false)} />}
    </>
  );
}

function ExportDialog({ filter, onClose }: { filter: Record<string, string>; onClose(): void }) {
  const [format, setFormat] = useState<ExportFormat>('csv');
  const [busy, setBusy] = useState(false);
  // Also finds out whether the server is there and takes the filter: a download that fails says little.
  const first = useQuery({
    queryKey: ['export', filter],
    queryFn: ({ signal }) =>
      api()
        .customers.list({ ...filter, limit: 1 }, { signal })
        .page(),
    staleTime: 0,
    gcTime: 0,
  });

  async function begin() {
    setBusy(true);
    const { error } = await first.refetch();
    setBusy(false);
    if (error) return toast(messageOf(error), { tone: 'bad' });
    download('/api/customers/export', { ...filter, format });
    toast(words.exporting.begun);
    onClose();
  }

  return (
    <Dialog
      title={words.exporting.title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{words.everywhere.cancel}</Button>
          <Button look="primary" icon={<Download />} busy={busy} disabled={!first.data} onClick={begin}>
            {words.exporting.download}
          </Button>
        </>
      }
    >
      <p>{words.exporting.all}</p>
      {first.data && (
        <p role="status">
          <strong>{words.exporting.count(first.data.count, first.data.count_is_exact)}</strong>
        </p>
      )}
      {first.isPending && <Loading />}
      {first.error && <Failure error={first.error} onRetry={() => first.refetch()} />}
      <SelectField
        label={words.exporting.format}
        hint={format === 'csv' ? words.exporting.formulas : undefined}
        value={format}
        onChange={({ target }) => setFormat(target.value as ExportFormat)}
      >
        <option value="csv">{words.exporting.csv}</option>
        <option value="jsonl">{words.exporting.jsonl}</option>
      </SelectField>
    </Dialog>
  );
}

/** Ranges may be given as the client takes them, `{ created_at: { gte } }`, or by the names that they have in an address. */
function filterOf(query: ListParameters): Record<string, string> {
  const flat = Object.entries(query).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !(value instanceof Date)
      ? Object.entries(value).map(([operator, bound]) => [`${name}[${operator}]`, bound] as const)
      : [[name, value] as const],
  );
  return Object.fromEntries(
    flat
      .filter(([name, value]) => value !== undefined && value !== '' && !NOT_OF_A_FILE.includes(name))
      .map(([name, value]) => [name, value instanceof Date ? value.toISOString() : String(value)]),
  );
}
