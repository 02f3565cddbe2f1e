// Builds the console where everything is there to build it with; an installation for production alone does without.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const hasTools = ['vite', '@vitejs/plugin-react', 'react'].every((name) =>
  existsSync(join(here, '../node_modules', name, 'package.json')),
);
if (hasTools) {
  const { build } = await import('vite');
  await build({ configFile: join(here, 'vite.config.ts'), logLevel: 'warn' });
}
