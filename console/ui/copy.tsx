// Puts a text on the clipboard.
import { Copy } from 'lucide-react';
import { words } from '../words.ts';
import { IconButton } from './button.tsx';
import { toast } from './toast.tsx';

export function CopyButton({ text, label }: { text: string; label: string }) {
  return (
    <IconButton
      label={label}
      icon={<Copy aria-hidden="true" />}
      onClick={async () => {
        await copy(text);
        toast(words.everywhere.copied);
      }}
    />
  );
}

async function copy(text: string): Promise<void> {
  // A page that came without TLS from another machine has no clipboard of its own.
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  (document.querySelector('dialog:modal') ?? document.body).append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
