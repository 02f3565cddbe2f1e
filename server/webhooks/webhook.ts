// A webhook as its row, the log and a message tell of it.
import type { Workspace } from '#contract/access.ts';
import type { LogEvent } from '#contract/events.ts';
import type { Webhook } from '#contract/webhooks.ts';
import type { Row } from '../database.ts';
import type { Message } from './signing.ts';

export function webhookOf(row: Row): Webhook {
  const [id, url, description, event_types, enabled, disabled_reason, position, behind, parked, ...times] = row;
  const [delivered_at, failing_since, created_at, updated_at] = times;
  return {
    id,
    url,
    description,
    event_types: event_types === null ? null : JSON.parse(event_types),
    enabled,
    disabled_reason,
    position,
    behind,
    parked,
    delivered_at,
    failing_since,
    created_at,
    updated_at,
  };
}

/** A webhook as the log, which all in the workspace read, tells of it: a path may be a secret. */
export function toldOf({ id, url, description, event_types, enabled, disabled_reason }: Webhook): object {
  return { id, origin: new URL(url).origin, description, event_types, enabled, disabled_reason };
}

/** What is sent of an event; its id is the same with each try, and tells the event apart from all others of the server. */
export function messageOf({ slug }: Workspace, event: LogEvent): Message {
  return { id: `${slug}-${event.position}`, type: event.type, at: event.at, data: event };
}
