// The two menus of the frame: which workspace is open, and who is signed in.
import { ChevronsUpDown, CircleUser, Keyboard, LogOut, SlidersHorizontal } from 'lucide-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { setWorkspace } from './api.ts';
import styles from './frame.module.css';
import { signOut } from './people/sign-out.ts';
import { useSession } from './session.tsx';
import { useCommand } from './ui/commands.ts';
import { Keys } from './ui/keys.tsx';
import { Menu } from './ui/menu.tsx';
import { currentTheme, setTheme, THEMES } from './ui/theme.ts';
import { words } from './words.ts';

/** For whoever is in one workspace alone, its name. */
export function WorkspaceMenu({ className }: { className?: string }) {
  const { workspace, workspaces } = useSession();
  const [, navigate] = useLocation();
  if (!workspace) return null;
  if (workspaces.length === 1) return <span className={className}>{workspace.name}</span>;
  const items = workspaces.map(({ slug, name, role }) => ({
    label: name,
    hint: <span className={styles.hint}>{words.frame.role[role]}</span>,
    checked: slug === workspace.slug,
    run() {
      // What stands at the address is of the workspace that was open.
      navigate('/customers');
      setWorkspace(slug);
    },
  }));
  return (
    <Menu
      label={words.frame.workspaces}
      aria-label={words.frame.switchWorkspace(workspace.name)}
      groups={[{ label: words.frame.workspaces, items }]}
      className={className}
    >
      <span>{workspace.name}</span>
      <ChevronsUpDown aria-hidden="true" />
    </Menu>
  );
}

export function AccountMenu({ className, onHelp }: { className?: string; onHelp(): void }) {
  const { account, workspace } = useSession();
  const [theme, setShown] = useState(currentTheme);
  useCommand(words.people.signOut, signOut, { icon: <LogOut aria-hidden="true" /> });
  return (
    <Menu
      label={words.frame.accountMenu}
      className={className}
      head={
        <>
          <strong>{account.name}</strong>
          <div className={styles.soft}>{account.email}</div>
        </>
      }
      groups={[
        {
          items: [
            { label: words.people.account, icon: <CircleUser aria-hidden="true" />, href: '/settings/account' },
            { label: words.settings.title, icon: <SlidersHorizontal aria-hidden="true" />, href: '/settings' },
            {
              label: words.frame.shortcuts,
              icon: <Keyboard aria-hidden="true" />,
              hint: <Keys of="?" />,
              run: onHelp,
            },
          ],
        },
        {
          label: words.everywhere.theme.label,
          items: THEMES.map((one) => ({
            label: words.everywhere.theme[one],
            checked: one === theme,
            run() {
              setTheme(one);
              setShown(one);
            },
          })),
        },
        { items: [{ label: words.people.signOut, icon: <LogOut aria-hidden="true" />, run: signOut }] },
      ]}
    >
      <span className={styles.avatar} aria-hidden="true">
        {initialsOf(account.name)}
      </span>
      <span className={styles.who}>
        <span>{account.name}</span>
        {workspace && <span className={styles.soft}>{words.frame.role[workspace.role]}</span>}
      </span>
      <span className="unseen">{words.frame.accountMenu}</span>
    </Menu>
  );
}

function initialsOf(name: string): string {
  const parts = name.split(/\s+/).filter(Boolean);
  const shown = parts.length > 1 ? [parts[0]!, parts.at(-1)!] : parts;
  return shown.map((part) => [...part][0]!.toUpperCase()).join('');
}
