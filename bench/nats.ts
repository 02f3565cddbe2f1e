// How fast a log that nobody has published yet reaches NATS JetStream, on the same machine: `node bench/nats.ts --events 200000`
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startNats } from '../test/support/nats.ts';
import { startServer } from './children.ts';
import { clienteleEnv, importDataset, serve } from './clientele.ts';
import { createDatabase, dropDatabase, openPostgres, postgresOptions } from './postgres.ts';

const { values: options } = parseArgs({
  options: { ...postgresOptions, events: { type: 'string', default: '200000' } },
});
const NAME = 'bench_nats';
const events = Number(options.events);

await using end = new AsyncDisposableStack();
const postgres = await openPostgres(options);
end.defer(postgres.release);
await createDatabase(postgres, NAME);
end.defer(() => dropDatabase(postgres, NAME));
await importDataset(postgres.url(NAME), events);
const nats = await startNats();
end.defer(nats.stop);

const published = async () => {
  const info = await nats.manage((manager) => manager.streams.info('clientele-main')).catch(() => undefined);
  return info?.state.messages ?? 0;
};
const server = await startServer(serve, { ...clienteleEnv(postgres.url(NAME)), NATS_URL: nats.url }, '/readyz');
end.defer(server.stop);
let [began, first] = [0, 0];
for (let count = 0; count < events; count = await published()) {
  if (began === 0 && count > 0) [began, first] = [performance.now(), count];
  await sleep(100);
}
const seconds = (performance.now() - began) / 1000;
console.log(`${((events - first) / seconds).toFixed(0)} events/s, ${events} of them`);
