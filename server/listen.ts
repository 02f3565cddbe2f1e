// Listening, said in sentences where it fails; and the listener that gives metrics to the programs of this machine.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Metrics } from './metrics.ts';
import { startError } from './start-error.ts';

/** Waits for a server to listen; a port in use is a sentence that names the variable to change. */
export async function listening<T>(started: Promise<T>, host: string, port: number, variable: string): Promise<T> {
  try {
    return await started;
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error;
    throw startError(`Port ${port} on ${host} is in use; set ${variable} to another.`);
  }
}

export async function offerMetrics(metrics: Pick<Metrics, 'text' | 'type'>, port: number): Promise<Server> {
  const listener = createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': metrics.type }).end(await metrics.text());
  });
  listener.listen(port, '127.0.0.1');
  await listening(once(listener, 'listening'), '127.0.0.1', port, 'CLIENTELE_METRICS_PORT');
  return listener;
}
