// The deleted customers, the last first, each to be restored.
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { ArchiveRestore, Trash2 } from 'lucide-react';
import { Link } from 'wouter';
import type { Customer } from '#contract/customers.ts';
import { api } from '../api.ts';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';
import { Button, ButtonLink } from '../ui/button.tsx';
import { figure } from '../ui/figures.ts';
import { Empty, Failure, Loading, Page } from '../ui/page.tsx';
import rows from '../ui/rows.module.css';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { words } from '../words.ts';
import styles from './deleted.module.css';
import { RefusalList } from './refusals.tsx';
import { restoreCustomer } from './removal.ts';

const PAGE = 50;
const nothing = () => {};

export function DeletedPage() {
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['deleted'],
    queryFn: ({ pageParam, signal }) =>
      api().customers.list({ deleted: true, limit: PAGE }, { signal }).page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  useLive(nothing); // what is deleted and restored elsewhere is asked for anew
  const customers = data?.pages.flatMap(({ results }) => results) ?? [];
  return (
    <Page
      title={words.record.deleted.title}
      actions={<ButtonLink href="/customers">{words.record.deleted.back}</ButtonLink>}
    >
      {isPending && <Loading />}
      {data && customers.length === 0 && (
        <Empty title={words.record.deleted.none} icon={<Trash2 aria-hidden="true" />}>
          <p>{words.record.deleted.noneNote}</p>
        </Empty>
      )}
      {customers.length > 0 && <Customers customers={customers} />}
      {error && <Failure error={error} onRetry={() => (data ? fetchNextPage() : refetch())} />}
      {customers.length > 0 && !error && (
        <div className={styles.end}>
          {hasNextPage ? (
            <Button busy={isFetchingNextPage} onClick={() => fetchNextPage()}>
              {words.record.deleted.more}
            </Button>
          ) : (
            <p>{words.record.deleted.all(figure(customers.length))}</p>
          )}
        </div>
      )}
    </Page>
  );
}

function Customers({ customers }: { customers: Customer[] }) {
  const mayWrite = useSession().can('customers:write');
  const { deleted } = words.record;
  return (
    <Table
      heads={[deleted.name, deleted.email, deleted.when]}
      actions={mayWrite ? deleted.actions : undefined}
      label={deleted.title}
    >
      {customers.map((customer) => (
        <Row key={customer.id} customer={customer} mayWrite={mayWrite} />
      ))}
    </Table>
  );
}

function Row({ customer: { id, full_name, email, updated_at }, mayWrite }: { customer: Customer; mayWrite: boolean }) {
  const restoring = useMutation({ mutationFn: () => restoreCustomer(id) });
  const { deleted } = words.record;
  return (
    <tr>
      <th scope="row">
        <Link href={`/customers/${id}`}>{full_name}</Link>
      </th>
      <td data-label={deleted.email}>{email}</td>
      <td data-label={deleted.when}>
        <Time at={updated_at} />
      </td>
      {mayWrite && (
        <td>
          <div className={rows.actions}>
            <Button
              icon={<ArchiveRestore aria-hidden="true" />}
              aria-label={deleted.restoreOne(full_name)}
              busy={restoring.isPending}
              onClick={() => restoring.mutate()}
            >
              {words.record.restore}
            </Button>
          </div>
          <RefusalList error={restoring.error} />
        </td>
      )}
    </tr>
  );
}
