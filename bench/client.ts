// One connection to one server: for trying requests, walking lists, and timing answers one at a time.
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';

export type Call = { method: 'GET' | 'POST' | 'PATCH'; path: string; body?: string; headers?: Record<string, string> };

/** `ms` runs from sending to the last byte of the answer. */
export type Answer = { status: number; headers: IncomingHttpHeaders; body: string; ms: number };

export type Client = { send(call: Call): Promise<Answer>; close(): void };

export function openClient(port: number, headers: Record<string, string>): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = (call: Call) =>
    new Promise<Answer>((resolve, reject) => {
      const type = call.body ? { 'content-type': 'application/json' } : {};
      const options = { host: '127.0.0.1', port, agent, method: call.method, path: call.path, timeout: 60_000 };
      const begin = performance.now();
      const sent = request({ ...options, headers: { ...headers, ...type, ...call.headers } }, async (response) => {
        const body = await text(response).catch(reject);
        const ms = performance.now() - begin;
        if (body !== undefined) resolve({ status: response.statusCode!, headers: response.headers, body, ms });
      });
      sent.on('error', reject).on('timeout', () => sent.destroy(new Error(`no answer to ${call.path} within 60 s`)));
      sent.end(call.body);
    });
  return { send, close: () => agent.destroy() };
}
