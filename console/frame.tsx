// What stands around every page: where one can go, which workspace is open, and who is signed in.
import { Search } from 'lucide-react';
import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import styles from './frame.module.css';
import { AccountMenu, WorkspaceMenu } from './frame-menus.tsx';
import { isAt, PLACES, type Place } from './places.tsx';
import { useSession } from './session.tsx';
import { useCommand } from './ui/commands.ts';
import { Keys } from './ui/keys.tsx';
import { Page } from './ui/page.tsx';
import { useShortcut } from './ui/shortcuts.ts';
import { words } from './words.ts';

const loadPalette = async () => ({ default: (await import('./palette.tsx')).Palette });
const Palette = lazy(loadPalette);
const ShortcutsHelp = lazy(async () => ({ default: (await import('./shortcuts-help.tsx')).ShortcutsHelp }));

const PALETTE_MS = 500;

export function Frame({ children }: { children: ReactNode }) {
  const { account, workspace } = useSession();
  const [location, navigate] = useLocation();
  const [open, setOpen] = useState<'palette' | 'help'>();
  const openPalette = () => setOpen('palette');
  const openHelp = () => setOpen('help');
  useShortcut('mod+k', words.frame.search, openPalette);
  useShortcut('?', words.frame.shortcuts, openHelp);
  useCommand(words.frame.shortcuts, openHelp);
  useCommand(words.record.deleted.title, () => navigate('/deleted'));
  useEffect(() => {
    // It comes after the page, and is there when it is called: whoever calls it types on at once.
    const timer = setTimeout(() => loadPalette().catch(() => {}), PALETTE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={styles.frame}>
      <a href="#content" className={styles.skip}>
        {words.everywhere.skipToContent}
      </a>
      <header className={styles.top}>
        <Link href="/customers" className={styles.brand} aria-label={words.everywhere.product}>
          <img src="/icon.svg" alt="" width="24" height="24" />
        </Link>
        <WorkspaceMenu className={styles.workspace} />
        <button type="button" className={styles.search} onClick={openPalette}>
          <Search aria-hidden="true" />
          <span>{words.frame.searchShort}</span>
          <Keys of="mod+k" />
        </button>
      </header>
      <nav aria-label={words.everywhere.mainMenu} className={styles.menu}>
        {PLACES.map((place) => (
          <PlaceLink key={place.href} place={place} isCurrent={isAt(location, place)} />
        ))}
      </nav>
      <section aria-label={words.people.account} className={styles.account}>
        <AccountMenu className={styles.me} onHelp={openHelp} />
      </section>
      <main id="content" tabIndex={-1} className={styles.content}>
        {workspace || location.startsWith('/settings') ? (
          children
        ) : (
          <Page title={words.frame.noWorkspace}>
            <p>{words.frame.noWorkspaceHelp}</p>
            <p>{account.email}</p>
          </Page>
        )}
      </main>
      <Suspense>
        {open === 'palette' && <Palette onClose={() => setOpen(undefined)} />}
        {open === 'help' && <ShortcutsHelp onClose={() => setOpen(undefined)} />}
      </Suspense>
    </div>
  );
}

function PlaceLink({ place, isCurrent }: { place: Place; isCurrent: boolean }) {
  const [, navigate] = useLocation();
  const { href, label, icon, key } = place;
  useShortcut(`g ${key}`, words.frame.goTo(label), () => navigate(href));
  return (
    <Link href={href} className={styles.place} aria-current={isCurrent ? 'page' : undefined}>
      {icon}
      <span>{label}</span>
    </Link>
  );
}
