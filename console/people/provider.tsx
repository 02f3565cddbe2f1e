// The way in by an OpenID provider, where there is one, and why somebody who came back from it was not let in.
import button from '../ui/button.module.css';
import { Refusal } from '../ui/refusal.tsx';
import { words } from '../words.ts';
import styles from './provider.module.css';
import { useWays } from './ways.ts';

const said = words.secondFactor;

/** `to`: the page to come to in the end. */
export function ProviderButton({ to }: { to: string }) {
  const openid = useWays()?.openid;
  if (!openid) return null;
  return (
    <div className={styles.provider}>
      <p className={styles.or}>{said.or}</p>
      {/* A page of the server's, and then of somebody else: not one of the console's. */}
      <a className={button.button} href={`/api/sign-in/openid?${new URLSearchParams({ to })}`}>
        {said.continueWith(openid.name)}
      </a>
    </div>
  );
}

export function ProviderRefusal({ code }: { code: string | null }) {
  const why = code === null ? undefined : said.refused[code];
  return why === undefined ? null : <Refusal>{why}</Refusal>;
}
