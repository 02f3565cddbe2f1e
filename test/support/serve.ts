// What `startProcess` runs: a whole server with settings that otherwise only a file could give it.
import { loadConfig } from '#server/config.ts';
import { serve } from '#server/main.ts';
import { PROJECT } from '#server/project.ts';

const config = loadConfig(process.env, PROJECT) as unknown as Record<string, object>;
for (const [group, settings] of Object.entries(JSON.parse(process.argv[2]!))) Object.assign(config[group]!, settings);
const serving = await serve(config as never, (line) => console.error(line));
process.once('SIGTERM', () => serving.close().then(() => process.exit()));
console.error(`serves ${serving.url}`);
