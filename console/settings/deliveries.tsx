// What became of the deliveries to a webhook, the last first.
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Delivery, Webhook } from '#contract/webhooks.ts';
import { api } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { CheckField } from '../ui/field.tsx';
import { Badge, Failure, Loading } from '../ui/page.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { words } from '../words.ts';

const said = words.webhooks;
const PAGE = 20;

export function Deliveries({ of: { id, url }, onClose }: { of: Webhook; onClose(): void }) {
  const [failed, setFailed] = useState(false);
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['webhooks', id, 'deliveries', failed],
    queryFn: ({ pageParam, signal }) =>
      api()
        .webhooks.deliveries(id, { failed: failed || undefined, limit: PAGE, signal })
        .page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const deliveries = data?.pages.flatMap(({ results }) => results) ?? [];
  return (
    <Dialog
      title={said.deliveriesOf(url)}
      onClose={onClose}
      footer={
        <Button look="primary" onClick={onClose}>
          {words.everywhere.done}
        </Button>
      }
    >
      <CheckField label={said.onlyFailed} checked={failed} onChange={({ target }) => setFailed(target.checked)} />
      {isPending && <Loading />}
      {error && <Failure error={error} onRetry={refetch} />}
      {data && deliveries.length === 0 && <p>{said.noDelivery}</p>}
      {deliveries.length > 0 && <DeliveryTable deliveries={deliveries} />}
      {hasNextPage && (
        <Button busy={isFetchingNextPage} onClick={() => fetchNextPage()}>
          {said.more}
        </Button>
      )}
    </Dialog>
  );
}

function DeliveryTable({ deliveries }: { deliveries: Delivery[] }) {
  return (
    <Table heads={[said.when, said.event, said.attempt, said.outcome, said.took]}>
      {deliveries.map(({ id, at, type, customer_id, attempt, status, failure, ms }) => (
        <tr key={id}>
          <td data-label={said.when}>
            <Time at={at} />
          </td>
          <td data-label={said.event}>{customer_id ? <Link href={`/customers/${customer_id}`}>{type}</Link> : type}</td>
          <td data-label={said.attempt}>{attempt}</td>
          <td data-label={said.outcome}>
            <Badge tone={failure === null ? 'good' : 'bad'}>{status ?? failure}</Badge>
          </td>
          <td data-label={said.took}>{said.took_ms(ms)}</td>
        </tr>
      ))}
    </Table>
  );
}
