// All imports with a place to drop a file, or one import.
import { useParams } from 'wouter';
import { useSession } from '../session.tsx';
import { Page } from '../ui/page.tsx';
import { words } from '../words.ts';
import { ImportPage } from './import.tsx';
import styles from './imports.module.css';
import { ImportList } from './list.tsx';
import { Upload } from './upload.tsx';

export function ImportsPage() {
  const { id } = useParams<{ id?: string }>();
  const mayImport = useSession().can('customers:write');
  if (id) return <ImportPage key={id} id={id} />;
  return (
    <Page title={words.imports.title}>
      <p className={styles.intro}>{words.imports.intro}</p>
      {mayImport && <Upload />}
      <ImportList />
    </Page>
  );
}
