// How the console is built: hashed files that never change, each beside its compressed twins, so that the server only
// has to send them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import type { Plugin, UserConfig } from 'vite';

const root = import.meta.dirname;
const out = join(root, 'dist');

function compress(): Plugin {
  return {
    name: 'compress',
    closeBundle() {
      for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|svg)$/.test(entry.name)) continue;
        const file = join(entry.parentPath, entry.name);
        const bytes = readFileSync(file);
        const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

const config: UserConfig = {
  root,
  base: '/',
  plugins: [react(), compress()],
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'baseline-widely-available',
    // Nothing inlined as a data: URL or a script in the page, which the content security policy would refuse.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:4000' } },
};

// biome-ignore lint/style/noDefaultExport: Vite asks for it
export default config;
