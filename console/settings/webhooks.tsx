// Where events are sent to as they happen: webhooks, how they fare, and what became of deliveries.
import { useMutation, useQuery } from '@tanstack/react-query';
import { Ellipsis, Webhook as Icon, Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { Webhook } from '#contract/webhooks.ts';
import { api, messageOf, queries } from '../api.ts';
import { useSession } from '../session.tsx';
import buttons from '../ui/button.module.css';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { figure } from '../ui/figures.ts';
import { Menu } from '../ui/menu.tsx';
import { Badge, Empty, Pending, Section } from '../ui/page.tsx';
import rows from '../ui/rows.module.css';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import { Deliveries } from './deliveries.tsx';
import { SecretDialog } from './secret.tsx';
import styles from './settings.module.css';
import { WebhookForm } from './webhook-form.tsx';

const said = words.webhooks;
const KEY = ['webhooks'];
/** How far they are behind changes by itself. */
const LOOK_MS = 5000;

const reload = (): Promise<void> => queries.invalidateQueries({ queryKey: KEY });

export function WebhooksSettings() {
  const { workspace } = useSession();
  const [isAdding, setAdding] = useState(false);
  /** The secret of one that was added, null where it was lost. */
  const [secret, setSecret] = useState<string | null>();
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => api().webhooks.list({ signal }),
    refetchInterval: LOOK_MS,
  });
  const { data } = query;
  return (
    <Section
      title={said.of(workspace!.name)}
      actions={
        <Button look="primary" icon={<Plus aria-hidden="true" />} onClick={() => setAdding(true)}>
          {said.add}
        </Button>
      }
    >
      <p className={styles.note}>{said.help}</p>
      <Pending query={query} />
      {data?.length === 0 && <Empty title={said.none} icon={<Icon aria-hidden="true" />} />}
      {data && data.length > 0 && <Webhooks webhooks={data} />}
      {isAdding && (
        <WebhookForm
          onClose={() => setAdding(false)}
          onSaved={(added) => {
            setAdding(false);
            setSecret(added.secret ?? null);
            void reload();
          }}
        />
      )}
      {secret !== undefined && <WebhookSecret title={said.added} text={secret} onClose={() => setSecret(undefined)} />}
    </Section>
  );
}

function Webhooks({ webhooks }: { webhooks: Webhook[] }) {
  return (
    <Table heads={[said.url, said.events, said.state, said.delivered]} actions={said.actions}>
      {webhooks.map((webhook) => (
        <Row key={webhook.id} of={webhook} />
      ))}
    </Table>
  );
}

type Asked = 'edit' | 'rotate' | 'remove' | 'deliveries';

function Row({ of: webhook }: { of: Webhook }) {
  const { id, url, description, event_types, enabled, delivered_at } = webhook;
  const [asked, setAsked] = useState<Asked>();
  const [secret, setSecret] = useState<string | null>();
  const close = () => setAsked(undefined);
  const rotate = async () => setSecret((await api().webhooks.rotateSecret(id)).secret);
  const testing = useMutation({
    mutationFn: () => api().webhooks.test(id),
    onSuccess: ({ status, ms, failure }) =>
      failure === null
        ? toast(said.testOk(status!, ms))
        : toast(said.testFailed(status === null ? failure : String(status)), { tone: 'bad' }),
    onError: (error) => toast(messageOf(error), { tone: 'bad' }),
  });
  const switching = useMutation({
    mutationFn: () => api().webhooks.update(id, { enabled: !enabled }),
    onSuccess: reload,
    onError: (error) => toast(messageOf(error), { tone: 'bad' }),
  });
  return (
    <tr>
      <th scope="row">
        <div>
          {url}
          {description && <p className={styles.about}>{description}</p>}
        </div>
      </th>
      <td data-label={said.events}>{event_types ? said.count(event_types.length) : said.allEvents}</td>
      <td data-label={said.state}>
        <State of={webhook} />
      </td>
      <td data-label={said.delivered}>{delivered_at ? <Time at={delivered_at} /> : said.never}</td>
      <td>
        <div className={rows.actions}>
          <Button aria-label={said.testOf(url)} busy={testing.isPending} onClick={() => testing.mutate()}>
            {said.test}
          </Button>
          <Menu
            label={said.moreOf(url)}
            aria-label={said.moreOf(url)}
            title={said.moreOf(url)}
            className={[buttons.button, buttons.quiet, buttons.icon].join(' ')}
            groups={[
              {
                items: [
                  { label: said.deliveries, run: () => setAsked('deliveries') },
                  { label: said.edit, run: () => setAsked('edit') },
                  { label: enabled ? said.disable : said.enable, run: () => switching.mutate() },
                  { label: said.rotate, run: () => setAsked('rotate') },
                ],
              },
              { items: [{ label: said.remove, run: () => setAsked('remove') }] },
            ]}
          >
            <Ellipsis aria-hidden="true" />
          </Menu>
        </div>
        {asked === 'deliveries' && <Deliveries of={webhook} onClose={close} />}
        {asked === 'edit' && (
          <WebhookForm
            of={webhook}
            onClose={close}
            onSaved={() => {
              close();
              toast(said.saved);
              void reload();
            }}
          />
        )}
        {asked === 'rotate' && (
          <Confirm title={said.rotateTitle} label={said.rotate} run={rotate} onClose={close}>
            {said.rotateHelp}
          </Confirm>
        )}
        {secret !== undefined && (
          <WebhookSecret title={said.rotated} text={secret} onClose={() => setSecret(undefined)} />
        )}
        {asked === 'remove' && (
          <Confirm title={said.removeTitle} label={said.remove} run={() => remove(id)} onClose={close}>
            {said.removeHelp(url)}
          </Confirm>
        )}
      </td>
    </tr>
  );
}

async function remove(id: string): Promise<void> {
  await api().webhooks.delete(id);
  toast(said.removed);
  return reload();
}

function State({ of: { enabled, disabled_reason, failing_since, behind, parked } }: { of: Webhook }) {
  const badge: ReactNode = enabled ? (
    failing_since ? (
      <Badge tone="warn">{said.failing}</Badge>
    ) : (
      <Badge tone="good">{said.on}</Badge>
    )
  ) : (
    <Badge tone={disabled_reason ? 'bad' : 'plain'}>
      {disabled_reason === 'gone' ? said.gone : disabled_reason === 'failing' ? said.gaveUp : said.off}
    </Badge>
  );
  return (
    <div>
      {badge}
      {behind > 0 && <p className={styles.note}>{said.behind(figure(behind))}</p>}
      {parked > 0 && <p className={styles.note}>{said.parked(figure(parked))}</p>}
    </div>
  );
}

function WebhookSecret({ title, text, onClose }: { title: string; text: string | null; onClose(): void }) {
  return (
    <SecretDialog
      {...{ title, text, onClose }}
      lost={said.lost}
      help={said.secretHelp}
      label={said.secret}
      copyLabel={said.copySecret}
    />
  );
}
