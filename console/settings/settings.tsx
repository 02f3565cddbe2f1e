// The settings: of the person, and of the workspace that is open.
import { type ReactNode, useEffect } from 'react';
import { Link, Redirect, useParams } from 'wouter';
import { useSession } from '../session.tsx';
import { Page } from '../ui/page.tsx';
import { words } from '../words.ts';
import { AccountSettings } from './account.tsx';
import { AppearanceSettings } from './appearance.tsx';
import { KeysSettings } from './keys.tsx';
import { MembersSettings } from './members.tsx';
import { SETTINGS_PARTS } from './parts.tsx';
import styles from './settings.module.css';
import { WebhooksSettings } from './webhooks.tsx';
import { WorkspaceSettings } from './workspace.tsx';

const CONTENT: Record<string, () => ReactNode> = {
  account: AccountSettings,
  appearance: AppearanceSettings,
  members: MembersSettings,
  keys: KeysSettings,
  webhooks: WebhooksSettings,
  workspace: WorkspaceSettings,
};

/** What those may not whose role does not open a part. */
const MANAGE: Record<string, string> = { keys: words.settings.keys.manage, webhooks: words.webhooks.manage };

export function SettingsPage() {
  const { part } = useParams<{ part?: string }>();
  const { can, workspace } = useSession();
  if (part === undefined) return <Redirect to="/settings/account" replace />;
  const offered = SETTINGS_PARTS.filter(({ permission }) => permission === undefined || can(permission));
  const open = SETTINGS_PARTS.find((one) => one.part === part);
  const Content = CONTENT[part];
  return (
    <div className={styles.settings}>
      <nav aria-label={words.settings.title} className={styles.parts}>
        {offered.map(({ part: one, label, icon }) => (
          <PartLink key={one} part={one} isCurrent={one === part} label={label} icon={icon} />
        ))}
      </nav>
      <Page key={part} title={open?.label ?? words.settings.unknownPart}>
        {Content && offered.includes(open!) && <Content />}
        {open && !offered.includes(open) && workspace && (
          <p>{words.settings.mayNot(words.frame.role[workspace.role].toLowerCase(), MANAGE[part!]!)}</p>
        )}
      </Page>
    </div>
  );
}

type PartLinkProps = { part: string; isCurrent: boolean; label: string; icon: ReactNode };

function PartLink({ part, isCurrent, label, icon }: PartLinkProps) {
  const id = `settings-${part}`;
  useEffect(() => {
    // On a phone they stand in a line that scrolls.
    if (isCurrent) document.getElementById(id)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [id, isCurrent]);
  return (
    <Link id={id} href={`/settings/${part}`} className={styles.part} aria-current={isCurrent ? 'page' : undefined}>
      {icon}
      {label}
    </Link>
  );
}
