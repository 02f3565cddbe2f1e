// A list without rows: because there is nobody yet, or because nobody matches.
import { FileUp, SearchX, UserPlus, Users } from 'lucide-react';
import { useSession } from '../session.tsx';
import { Button, ButtonLink } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Empty } from '../ui/page.tsx';
import { words } from '../words.ts';
import { AddSamples } from './add-samples.tsx';
import styles from './list-page.module.css';

export function NoMatch({ onClear }: { onClear(): void }) {
  return (
    <div className={styles.nothing}>
      <Empty title={words.customers.empty.noMatch} icon={<SearchX aria-hidden="true" />}>
        <p>{words.customers.empty.noMatchText}</p>
        <Button onClick={onClear}>{words.customers.filters.clear}</Button>
      </Empty>
    </div>
  );
}

export function NoCustomers({ onCreate, onChanged }: { onCreate(): void; onChanged(): void }) {
  const mayWrite = useSession().can('customers:write');
  const curl = curlLine();
  return (
    <div className={styles.nothing}>
      <Empty title={words.customers.empty.title} icon={<Users aria-hidden="true" />}>
        {mayWrite && (
          <>
            <p>{words.customers.empty.text}</p>
            <div className={styles.actions}>
              <Button look="primary" icon={<UserPlus aria-hidden="true" />} onClick={onCreate}>
                {words.customers.create}
              </Button>
              <ButtonLink href="/imports" icon={<FileUp aria-hidden="true" />}>
                {words.customers.empty.import}
              </ButtonLink>
              <AddSamples onChanged={onChanged} />
            </div>
            <pre className={styles.curl}>
              <code>{curl}</code>
            </pre>
            <CopyButton text={curl} label={words.customers.empty.copy} />
          </>
        )}
      </Empty>
    </div>
  );
}

/** As it can be pasted; the key is made in the settings. */
const curlLine = () => `curl ${location.origin}/api/customers \\
  -H 'Authorization: Bearer YOUR_API_KEY' -H 'Content-Type: application/json' \\
  -d '{"first_name":"Ada","last_name":"Lovelace","email":"ada@example.com"}'`;
