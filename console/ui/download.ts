// Files that the browser writes to disk as the server sends them, however large.
import { openWorkspace } from '../api.ts';

/** A download sends no headers, so the workspace stands in its address. */
export function download(path: string, query: Record<string, string> = {}): void {
  const workspace = openWorkspace();
  const link = document.createElement('a');
  link.href = `${path}?${new URLSearchParams({ ...query, ...(workspace ? { workspace } : {}) })}`;
  link.download = '';
  document.body.append(link);
  link.click();
  link.remove();
}
