// Sample customers for whoever looks around: an import like any other, which its undo takes away again.
import { Sparkles } from 'lucide-react';
import { useState } from 'react';
import { api, messageOf } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';

export function AddSamples({ onChanged }: { onChanged(): void }) {
  const [busy, setBusy] = useState(false);
  const { samples } = words.customers;

  async function add(): Promise<void> {
    setBusy(true);
    try {
      const { sampleCsv } = await import('./samples.ts');
      const { imports } = api();
      const { id } = await imports.create(sampleCsv(), { filename: samples.filename });
      await imports.checked(id);
      await imports.run(id);
      await imports.ended(id);
      onChanged();
      toast(samples.added, { action: { label: samples.remove, run: () => void remove(id, onChanged) } });
    } catch (error) {
      setBusy(false);
      toast(messageOf(error), { tone: 'bad' });
    }
  }

  return (
    <Button busy={busy} icon={<Sparkles aria-hidden="true" />} onClick={() => void add()}>
      {samples.add}
    </Button>
  );
}

async function remove(id: string, onChanged: () => void): Promise<void> {
  try {
    const { imports, causes } = api();
    await causes.ended((await imports.undo(id)).id);
    onChanged();
  } catch (error) {
    toast(messageOf(error), { tone: 'bad' });
  }
}
