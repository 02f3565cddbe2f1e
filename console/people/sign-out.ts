import { api, messageOf } from '../api.ts';
import { toast } from '../ui/toast.tsx';

/** Ends the session here, and leaves nothing of it in the page. */
export async function signOut(): Promise<void> {
  try {
    await api().session.signOut();
  } catch (error) {
    toast(messageOf(error), { tone: 'bad' });
    return;
  }
  forget();
  location.assign('/sign-in');
}

/** What was typed and not saved belongs to the person. */
function forget(): void {
  try {
    sessionStorage.clear();
  } catch {
    // Storage may be forbidden; then nothing is in it.
  }
}
