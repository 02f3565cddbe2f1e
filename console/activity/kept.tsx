// What an undo left as it was, by customer and field, with the reason.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { Problem } from '#client/clientele.ts';
import type { KeptChange } from '#contract/causes.ts';
import { api } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { Failure, Loading } from '../ui/page.tsx';
import { words } from '../words.ts';
import styles from './activity.module.css';

const PAGE = 20;

export function Kept({ id }: { id: string }) {
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['kept', id],
    queryFn: ({ pageParam, signal }) => api().causes.kept(id, { limit: PAGE, signal }).page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  return (
    <section className={styles.kept}>
      <h3>{words.activity.kept}</h3>
      <p className={styles.intro}>{words.activity.keptNote}</p>
      {isPending && <Loading />}
      {error && <Failure error={error} onRetry={() => refetch()} />}
      <ul>
        {data?.pages
          .flatMap(({ results }) => results)
          .map((change) => (
            <KeptItem key={change.position} {...change} />
          ))}
      </ul>
      {hasNextPage && (
        <Button busy={isFetchingNextPage} onClick={() => fetchNextPage()}>
          {words.activity.more}
        </Button>
      )}
    </section>
  );
}

function KeptItem({ customer_id, fields }: KeptChange) {
  const { data: name } = useQuery({
    queryKey: ['customer', customer_id, 'name'],
    queryFn: async ({ signal }) => {
      try {
        return (await api().customers.get(customer_id, { fields: ['full_name'], signal })).full_name;
      } catch (error) {
        if (error instanceof Problem && error.status === 404) return words.activity.someone;
        throw error;
      }
    },
  });
  return (
    <li>
      <Link href={`/customers/${customer_id}`}>{name ?? customer_id}</Link>
      {fields.map(({ field, code }) => (
        <span key={field}>{words.activity.keptField(labelOf(field), words.activity.keptCodes[code] ?? code)}</span>
      ))}
    </li>
  );
}

const labelOf = (field: string) => (words.imports.fields as Record<string, string>)[field] ?? field;
