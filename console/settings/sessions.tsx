// Where a person is signed in, and how that ends.
import { useMutation, useQuery } from '@tanstack/react-query';
import type { Session } from '#contract/people.ts';
import { api, messageOf, queries } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { Badge, Pending, Section } from '../ui/page.tsx';
import rows from '../ui/rows.module.css';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';

const said = words.settings.account;
const KEY = ['account', 'sessions'];

export const forgetSessions = (): Promise<void> => queries.invalidateQueries({ queryKey: KEY });

export function Sessions() {
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => api().account.sessions({ signal }),
  });
  const { data } = query;
  const end = useMutation({
    mutationFn: (id: string | undefined) =>
      id === undefined ? api().account.revokeOtherSessions() : api().account.revokeSession(id),
    onSuccess: (_, id) => toast(id === undefined ? said.signedOutOthers : said.signedOut),
    onError: (error) => toast(messageOf(error), { tone: 'bad' }),
    onSettled: forgetSessions,
  });
  const others = data?.filter(({ current }) => !current) ?? [];
  return (
    <Section
      title={said.sessions}
      actions={
        others.length > 0 && (
          <Button look="danger" busy={end.isPending} onClick={() => end.mutate(undefined)}>
            {said.signOutOthers}
          </Button>
        )
      }
    >
      <Pending query={query} />
      {data && (
        <Table heads={[said.place, said.address, said.since, said.seen]} actions={said.signOut}>
          {data.map((session) => (
            <Row key={session.id} session={session} isBusy={end.isPending} onEnd={() => end.mutate(session.id)} />
          ))}
        </Table>
      )}
    </Section>
  );
}

function Row({ session, isBusy, onEnd }: { session: Session; isBusy: boolean; onEnd(): void }) {
  const { user_agent, address, created_at, last_seen_at, current } = session;
  const name = nameOf(user_agent);
  return (
    <tr>
      <th scope="row">
        <span title={user_agent ?? undefined}>{name}</span> {current && <Badge tone="good">{said.here}</Badge>}
      </th>
      <td data-label={said.address}>{address}</td>
      <td data-label={said.since}>
        <Time at={created_at} />
      </td>
      <td data-label={said.seen}>
        <Time at={last_seen_at} />
      </td>
      <td>
        {!current && (
          <div className={rows.actions}>
            <Button busy={isBusy} aria-label={said.signOutOf(name)} onClick={onEnd}>
              {said.signOut}
            </Button>
          </div>
        )}
      </td>
    </tr>
  );
}

// In this order: each of the first calls itself by the names of those after it, too.
const BROWSERS: [RegExp, string][] = [
  [/Edg(?:e|A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrom(?:e|ium)\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

/** A browser by what it calls itself. */
function nameOf(user_agent: string | null): string {
  const named = (names: [RegExp, string][]) => names.find(([pattern]) => pattern.test(user_agent ?? ''))?.[1];
  return said.session(named(BROWSERS) ?? said.unknownBrowser, named(SYSTEMS) ?? said.unknownSystem);
}
