// The one way out: whatever the server asks of an address that somebody gave it passes here. It reaches the public Internet
// and the hosts that the configuration allows, is bounded in time and size, and is sent nowhere else by an answer.
import dns, { type LookupAddress } from 'node:dns';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type BlockList, isIP, type LookupFunction } from 'node:net';
import { isPublic, rangesOf } from './addresses.ts';

export type Question = {
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body?: string | Buffer | undefined;
  /** What of the answer is read; what follows is not waited for. */
  answer_bytes: number;
  signal?: AbortSignal;
};
/** `truncated`: there was more than was to be read. */
export type Answer = {
  status: number;
  headers: IncomingMessage['headers'];
  headersDistinct: IncomingMessage['headersDistinct'];
  body: Buffer;
  truncated: boolean;
};

export type Egress = {
  /** Why an address can never be asked; null where it may, as far as can be told without looking up its name. */
  refusalOf(url: string): string | null;
  /**
   * Asks, within ten seconds; follows no redirect. Throws an error with a `code`: `egress_refused` where the address may not be
   * asked, `timeout`, or that of Node.
   */
  ask(url: string, question: Question): Promise<Answer>;
  close(): void;
};

const TIMEOUT_MS = 10_000;
/** Connections to one host at most. */
const CONNECTIONS = 32;

/** `allow`: hosts within one's own network that may be asked all the same, each a name or address with or without a port, or a range. */
export function openEgress(
  allow: readonly string[],
  { timeout_ms = TIMEOUT_MS, lookup = dns.lookup as LookupFunction } = {},
): Egress {
  const named = new Set(allow.filter((entry) => !entry.includes('/')).map((entry) => unbracketed(entry.toLowerCase())));
  const ranges = rangesOf(allow.filter((entry) => entry.includes('/')));
  const settings = { keepAlive: true, maxSockets: CONNECTIONS, timeout: TIMEOUT_MS };
  const agents = { 'http:': new HttpAgent(settings), 'https:': new HttpsAgent(settings) };

  const isNamed = (url: URL) => named.has(hostOf(url)) || named.has(`${hostOf(url)}:${portOf(url)}`);

  function refusalOf(text: string): string | null {
    const url = URL.parse(text);
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return 'must be an https URL';
    if (url.username !== '' || url.password !== '') return 'must be without user and password';
    if (isNamed(url)) return null;
    const host = hostOf(url);
    const inRanges = isIP(host) !== 0 && isIn(ranges, host);
    if (url.protocol === 'http:' && !inRanges) return 'must be an https URL';
    if (isIP(host) !== 0 && !inRanges && !isPublic(host)) return 'must lie in the public Internet';
    return isLocalName(host) ? 'must lie in the public Internet' : null;
  }

  return {
    refusalOf,
    async ask(text, { method, headers, body, answer_bytes, signal }) {
      const refusal = refusalOf(text);
      if (refusal) throw refused();
      const url = new URL(text);
      // Here and not before: what a name stands for is decided by the very look-up that the connection is made by.
      const seek: LookupFunction = isNamed(url) ? lookup : lookUpPublic(ranges, lookup);
      const late = AbortSignal.timeout(timeout_ms);
      const options = {
        method,
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body ?? '')) },
        agent: agents[url.protocol as 'http:' | 'https:'],
        lookup: seek,
        signal: signal ? AbortSignal.any([signal, late]) : late,
      };
      try {
        return await new Promise<Answer>((resolve, reject) => {
          const asked = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
          asked.once('error', reject);
          asked.once('response', (response) => readAnswer(response, answer_bytes).then(resolve, reject));
          asked.end(body);
        });
      } catch (error) {
        if (late.aborted) throw coded('timeout', 'No answer came in time.', error);
        throw error;
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

async function readAnswer(response: IncomingMessage, most: number): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let truncated = false;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const left = most - bytes;
    chunks.push(chunk.subarray(0, left));
    bytes += chunk.length;
    if (bytes > most) {
      truncated = true;
      break; // which closes the connection
    }
  }
  const { statusCode, headers, headersDistinct } = response;
  return { status: statusCode!, headers, headersDistinct, body: Buffer.concat(chunks), truncated };
}

/** Looks a name up, and refuses it where any of its addresses is not to be asked. */
function lookUpPublic(ranges: BlockList, lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0);
      const addresses = found as unknown as LookupAddress[];
      if (!addresses.every(({ address }) => isIn(ranges, address) || isPublic(address)))
        return callback(refused(), '', 0);
      if (options.all) return callback(null, addresses);
      const [first] = addresses;
      callback(null, first!.address, first!.family);
    });
  };
}

/** The name or address without brackets, a closing dot, or capitals. */
const hostOf = (url: URL) => unbracketed(url.hostname).replace(/\.$/, '');
const unbracketed = (host: string) => host.replace(/^\[([\da-f:.]+)\]/, '$1');
const portOf = (url: URL) => url.port || (url.protocol === 'https:' ? '443' : '80');
const isIn = (ranges: BlockList, address: string) => ranges.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
/** Names that no public server has (RFC 6761, RFC 6762, and what networks call themselves inside). */
const isLocalName = (host: string) =>
  isIP(host) === 0 && (!host.includes('.') || /\.(?:localhost|local|internal|home\.arpa)$/.test(host));

const refused = () => coded('egress_refused', 'The address is not in the public Internet.');

function coded(code: string, message: string, cause?: unknown): NodeJS.ErrnoException {
  return Object.assign(new Error(message, { cause }), { code });
}
