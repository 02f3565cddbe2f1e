// From the command to the first 200 of /readyz: on an empty folder, where a database is made, and later on:
// `node bench/start.ts --rounds 5`
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from './children.ts';
import { serve } from './clientele.ts';
import { machineSpeed, residentMemory } from './machine.ts';
import { median, table } from './report.ts';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });

const first: number[] = [];
const later: number[] = [];
const memory: number[] = [];
const speed = machineSpeed();
for (let round = 0; round < Number(options.rounds); round++) {
  const folder = await mkdtemp(join(tmpdir(), 'clientele-start-'));
  await rm(folder, { recursive: true }); // Clientele makes it, with the rights it wants
  try {
    first.push(await start(folder));
    later.push(await start(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
console.log(
  table(
    ['', 'median s', 'slowest s'],
    [
      ['first start', median(first), Math.max(...first)],
      ['later start', median(later), Math.max(...later)],
    ],
  ),
);
console.log(`\nRSS of the Node process once ready: ${median(memory)} MB. Speed ${speed}, ${machineSpeed()}.`);

async function start(folder: string) {
  const server = await startServer(serve, { CLIENTELE_DATA: folder, DATABASE_URL: undefined }, '/readyz');
  memory.push(residentMemory(server.pid));
  await server.stop();
  return server.seconds;
}
