// Deleting a customer, which is done at once and taken back by a second request.
import { navigate } from 'wouter/use-browser-location';
import { Problem } from '#client/clientele.ts';
import type { Customer } from '#contract/customers.ts';
import { api, messageOf } from '../api.ts';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import { forget, learn } from './record-data.ts';

/** Deletes the customer as it is shown: one that was changed meanwhile stays. Gives whether it is deleted. */
export async function removeCustomer({ id, full_name, version }: Customer): Promise<boolean> {
  try {
    await api().customers.delete(id, { if_match: version });
  } catch (error) {
    const isChanged = error instanceof Problem && error.status === 412;
    toast(isChanged ? words.record.changedBeforeRemoval(full_name) : messageOf(error), { tone: 'bad' });
    forget(id);
    return false;
  }
  forget(id);
  toast(words.record.removed(full_name), {
    action: { label: words.everywhere.undo, run: () => takeBack(id) },
  });
  return true;
}

async function takeBack(id: string): Promise<void> {
  try {
    await restoreCustomer(id);
  } catch (error) {
    // The record says what is in the way, and by whom.
    toast(messageOf(error), {
      tone: 'bad',
      action: { label: words.record.open, run: () => navigate(`/customers/${id}`) },
    });
  }
}

/** Restores a customer, and says so. Throws a Problem where somebody else has its email or external id by now. */
export async function restoreCustomer(id: string): Promise<Customer> {
  const customer = await api().customers.restore(id);
  learn(customer);
  toast(words.record.restored(customer.full_name), {
    action: location.pathname.endsWith(id)
      ? undefined
      : { label: words.record.open, run: () => navigate(`/customers/${id}`) },
  });
  return customer;
}
