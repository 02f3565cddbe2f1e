/**
 * The configuration: one table of settings. What the TOML file of an environment may say, which variables count, the
 * defaults, the type of the result and what `describeConfig` prints all follow from it.
 *
 * A variable wins over the file, the file over the default. Values are never coerced: what is not exactly right is named.
 */
import { readFileSync } from 'node:fs';
import { isIP, isIPv4 } from 'node:net';
import { join, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { configError, describeDatabaseUrl, parseDatabaseUrl } from './database-url.ts';

const environments = ['development', 'staging', 'production'] as const;

/** How one kind of value is read. `read` throws a ConfigError whose message begins with the setting's key. */
type Kind<T> = {
  /** From a TOML value, in which integers are bigint. */
  read(value: unknown, at: Place): T;
  /** From a variable's text to the TOML value it stands for; text that stands for none is left for `read` to refuse. */
  fromText(text: string): unknown;
  /** Back to the TOML value, where the two differ. */
  toToml?(value: T): unknown;
};
type Place = { key: string; directory: string };

/** Milliseconds and PostgreSQL's own settings end here. */
const max31Bits = 2_147_483_647;

const flag: Kind<boolean> = {
  read: (value, at) => (typeof value === 'boolean' ? value : refuse(at, 'must be true or false')),
  fromText: (text) => (text === 'true' || text === 'false' ? text === 'true' : text),
};
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const bindAddress = textThat(
  'a host name or an address to listen on',
  (value) => isIP(value) !== 0 || isHostName(value),
);
const origin = textThat('an http or https origin without a path, such as https://crm.example.com', isOrigin);
const addressRange = textThat('an address or CIDR range such as 10.0.0.0/8', isAddressRange);
const redisUrl = textThat('a URL such as redis://:password@host:6379/0', isRedisUrl);
const metricsToken = textThat('a text of 16 to 256 letters, digits and signs, without spaces', (value) =>
  /^[\x21-\x7e]{16,256}$/.test(value),
);
const httpUrl = textThat('an http or https URL such as http://collector:4318, without user, query or #', isHttpUrl);
const serviceName = textThat('a text of 1 to 100 characters', (value) => /^\P{Cc}{1,100}$/u.test(value));
const ratio: Kind<number> = {
  read: (value, at) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    return typeof number === 'number' && number >= 0 && number <= 1
      ? number
      : refuse(at, 'must be a number from 0 to 1');
  },
  fromText: (text) => (/^[01](\.\d{1,15})?$/.test(text) ? Number(text) : text),
};
const databaseUrl: Kind<string> = {
  read: (value, at) => {
    if (typeof value !== 'string') return refuse(at, 'must be a text');
    parseDatabaseUrl(value, at.key);
    return value;
  },
  fromText: asIs,
};
const folder: Kind<string> = {
  // Not from the current directory: a server started elsewhere would begin with another, empty database.
  read: (value, at) =>
    typeof value === 'string' && /^[^\0]+$/.test(value)
      ? resolve(at.directory, value)
      : refuse(at, 'must be the path of a folder'),
  fromText: asIs,
};
const rateLimit: Kind<'off' | { requests: number; seconds: number }> = {
  read: (value, at) => {
    if (value === 'off') return 'off';
    const [, requests, seconds] = /^([1-9]\d{0,8})\/([1-9]\d{0,5})$/.exec(String(value)) ?? [];
    if (typeof value === 'string' && requests && seconds)
      return { requests: Number(requests), seconds: Number(seconds) };
    return refuse(at, 'must be "off" or <requests>/<seconds>, such as 100/60');
  },
  fromText: asIs,
  toToml: (value) => (value === 'off' ? value : `${value.requests}/${value.seconds}`),
};

type Setting = {
  /** Its place in the file and in the `Config`. */
  key: string;
  variable?: string;
  kind: Kind<unknown>;
  /** Absent: the setting is optional and undefined where nobody sets it. */
  default?: unknown;
  /** Present: the value is secret, and this is how it may be shown. */
  mask?: (value: string) => string;
  description: string;
};

export const settings = [
  {
    key: 'rate_limit',
    variable: 'CLIENTELE_RATE_LIMIT',
    kind: rateLimit,
    default: { requests: 60_000, seconds: 60 },
    description: 'Requests that a key, a person or else an address may make in a time: <requests>/<seconds>, or off.',
  },
  {
    key: 'server.host',
    variable: 'HOST',
    kind: bindAddress,
    default: '127.0.0.1',
    description: 'The host name or address to listen on. 0.0.0.0 or :: listens to the whole network.',
  },
  {
    key: 'server.port',
    variable: 'PORT',
    kind: wholeNumber(0, 65535),
    default: 4000,
    description: 'The port to listen on. 0 takes a free one.',
  },
  {
    key: 'server.public_url',
    variable: 'CLIENTELE_PUBLIC_URL',
    kind: origin,
    description: 'Where browsers find this server. Links, Origin checks and sign-in need it.',
  },
  {
    key: 'server.trusted_proxies',
    variable: 'CLIENTELE_TRUSTED_PROXIES',
    kind: listOf(addressRange),
    default: [],
    description: 'Proxies whose X-Forwarded headers are believed: addresses or CIDR ranges.',
  },
  {
    key: 'server.cors_origins',
    variable: 'CLIENTELE_CORS_ORIGINS',
    kind: listOf(origin),
    default: [],
    description: 'Origins of other sites whose pages may call the API.',
  },
  {
    key: 'server.body_limit',
    kind: wholeNumber(1, max31Bits),
    default: 1_048_576,
    description: 'The largest body of an ordinary request, in bytes.',
  },
  {
    key: 'server.request_timeout_ms',
    kind: wholeNumber(1, max31Bits),
    default: 30_000,
    description: 'How long a whole request may take to arrive, and its reply to be taken, in milliseconds.',
  },
  {
    key: 'server.shutdown_timeout_ms',
    kind: wholeNumber(1, max31Bits),
    default: 10_000,
    description: 'How long requests under way may take to finish when the server stops, in milliseconds.',
  },
  {
    key: 'server.drain_delay_ms',
    variable: 'CLIENTELE_DRAIN_DELAY_MS',
    kind: wholeNumber(0, max31Bits),
    default: 0,
    description:
      'How long a server that stops still takes connections, for a load balancer to see that /readyz says 503.',
  },
  {
    key: 'server.processes',
    variable: 'CLIENTELE_PROCESSES',
    kind: wholeNumber(1, 64),
    default: 1,
    description:
      'Processes that share the port. Connections, the cache and, without Redis, a part of the rate limit are for each.',
  },
  {
    key: 'server.https_redirect',
    kind: flag,
    default: false,
    description: 'Whether plain HTTP behind a trusted proxy is sent to HTTPS (pages) or refused (the API).',
  },
  {
    key: 'server.hsts.max_age',
    kind: wholeNumber(0, max31Bits),
    default: 0,
    description: 'How long browsers must insist on HTTPS, in seconds. 0 sends no Strict-Transport-Security.',
  },
  {
    key: 'server.hsts.include_subdomains',
    kind: flag,
    default: false,
    description: 'Whether Strict-Transport-Security binds every subdomain too.',
  },
  {
    key: 'server.hsts.preload',
    kind: flag,
    default: false,
    description: 'Whether browser makers may put the host on their preload lists.',
  },
  {
    key: 'data.directory',
    variable: 'CLIENTELE_DATA',
    kind: folder,
    description: 'Where the embedded database keeps its files. A relative path counts from the project folder.',
  },
  {
    key: 'database.url',
    variable: 'DATABASE_URL',
    kind: databaseUrl,
    mask: describeDatabaseUrl,
    description: 'The PostgreSQL to use. Without it the embedded one is started.',
  },
  {
    key: 'database.read_connections',
    kind: wholeNumber(1, 1000),
    default: 2,
    description: 'Connections for short reads.',
  },
  {
    key: 'database.search_connections',
    kind: wholeNumber(1, 1000),
    default: 4,
    description: 'Connections for searches, which may be slow and must not hold up short reads.',
  },
  {
    key: 'database.write_connections',
    kind: wholeNumber(1, 1000),
    default: 4,
    description: 'Connections for writes.',
  },
  {
    key: 'database.statement_timeout_ms',
    kind: wholeNumber(1, max31Bits),
    default: 10_000,
    description: 'How long one SQL statement may run, in milliseconds.',
  },
  {
    key: 'database.connect_timeout_ms',
    kind: wholeNumber(1, max31Bits),
    default: 5_000,
    description: 'How long connecting to the database may take, in milliseconds. connect_timeout in the URL wins.',
  },
  {
    key: 'cache.bytes',
    variable: 'CLIENTELE_CACHE_BYTES',
    kind: wholeNumber(0, max31Bits),
    default: 8_388_608,
    description:
      'Memory for answers to lists and searches, kept while nothing in their workspace changes. 0 keeps none.',
  },
  {
    key: 'redis.url',
    variable: 'REDIS_URL',
    kind: redisUrl,
    mask: maskRedisUrl,
    description:
      'The Redis that several servers share for rate limits and answers. Where it is lost, each goes on by itself.',
  },
  {
    key: 'metrics.token',
    variable: 'CLIENTELE_METRICS_TOKEN',
    kind: metricsToken,
    mask: () => '***',
    description: 'What Prometheus sends to read /metrics. Without it nobody may.',
  },
  {
    key: 'metrics.port',
    variable: 'CLIENTELE_METRICS_PORT',
    kind: wholeNumber(1, 65535),
    description: 'A port of 127.0.0.1 on which /metrics is open to every program of this machine.',
  },
  {
    key: 'tracing.endpoint',
    variable: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    kind: httpUrl,
    description:
      'The OpenTelemetry collector that takes traces by OTLP over HTTP, at /v1/traces. Without it none are made.',
  },
  {
    key: 'tracing.traces_endpoint',
    variable: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    kind: httpUrl,
    description: 'Where traces go instead: the whole URL, taken as it is.',
  },
  {
    key: 'tracing.service_name',
    variable: 'OTEL_SERVICE_NAME',
    kind: serviceName,
    default: 'clientele',
    description: 'The name under which this server is found among traces.',
  },
  {
    key: 'tracing.sample_ratio',
    variable: 'OTEL_TRACES_SAMPLER_ARG',
    kind: ratio,
    default: 1,
    description: 'The share of requests that is traced where the caller does not say, from 0 to 1.',
  },
  {
    key: 'tracing.timeout_ms',
    variable: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    kind: wholeNumber(1, max31Bits),
    default: 5_000,
    description: 'How long sending traces may take, also when the server stops, in milliseconds.',
  },
  {
    key: 'log.level',
    variable: 'CLIENTELE_LOG_LEVEL',
    kind: oneOf(logLevels),
    default: 'info',
    description: `The least important messages to log: ${logLevels.join(', ')}.`,
  },
] as const satisfies readonly Setting[];

/** The effective configuration: `config.server.port` and so on, and for each key where its value came from. */
export type Config = Settings & { environment: (typeof environments)[number]; sources: Record<string, string> };

type Settings = Joined<{ [S in (typeof settings)[number] as S['key']]: At<S['key'], Value<S>> }>;
type At<Key extends string, T> = Key extends `${infer Head}.${infer Tail}`
  ? { [K in Head]: At<Tail, T> }
  : { [K in Key]: T };
type Value<S> = S extends { kind: Kind<infer T> } ? (S extends { default: unknown } ? T : T | undefined) : never;
type Joined<T> = { [K in keyof T]: (value: T[K]) => void }[keyof T] extends (value: infer U) => void ? U : never;

/** Not settings of the server, yet ours: which file to read, and how the command line reaches a server. */
const otherVariables = ['CLIENTELE_ENV', 'CLIENTELE_URL', 'CLIENTELE_KEY'];

/**
 * The configuration of an environment, from the project folder's `config/<CLIENTELE_ENV>.toml` and the variables.
 * Throws one ConfigError that lists every mistake, a line each.
 */
export function loadConfig(environment: NodeJS.ProcessEnv, directory: string): Config {
  const mistakes: string[] = [];
  const name = environments.find((each) => each === (environment.CLIENTELE_ENV || 'development'));
  if (name === undefined) mistakes.push(`environment variable CLIENTELE_ENV: must be ${orList(environments)}`);
  const file = `config/${name}.toml`;
  const fromFile = name === undefined ? new Map<string, unknown>() : readFile(file, directory, mistakes);

  const config = { environment: name, sources: {} } as Config;
  for (const setting of settings as readonly Setting[]) {
    const { key, variable, kind } = setting;
    const text = variable && environment[variable];
    // The weakest first: each overrides the one before, and a mistake in one that is overridden is a mistake still.
    const candidates = [
      { source: 'default', value: setting.default, given: true },
      { source: file, value: fromFile.get(key), given: fromFile.has(key) },
      { source: `environment variable ${variable}`, value: kind.fromText(text || ''), given: Boolean(text) },
    ];
    for (const { source, value, given } of candidates) {
      if (!given) continue;
      try {
        setValue(config, key, source === 'default' ? value : kind.read(value, { key, directory }));
        config.sources[key] = source;
      } catch (error) {
        if ((error as Error).name !== 'ConfigError') throw error;
        mistakes.push(`${source}: ${(error as Error).message}`);
      }
    }
  }
  if (mistakes.length > 0) throw configError(mistakes.join('\n'));
  return config;
}

/** The effective values as TOML, a line each, with where each came from. Secrets are masked. */
export function describeConfig(config: Config): string {
  const lines = (settings as readonly Setting[]).map(({ key, kind, mask }) => {
    const value = getValue(config, key);
    if (value === undefined) return `# ${key} is not set`;
    const shown = mask ? mask(value as string) : (kind.toToml?.(value) ?? value);
    return `${`${key} = ${JSON.stringify(shown)}`.padEnd(44)} # ${config.sources[key]}`;
  });
  return `# ${config.environment}\n${lines.join('\n')}\n`;
}

/** Names of variables that look like ours and mean nothing: worth a warning, as they may be meant for another version. */
export function unknownVariables(environment: NodeJS.ProcessEnv): string[] {
  const known = new Set([...otherVariables, ...(settings as readonly Setting[]).map((setting) => setting.variable)]);
  return Object.keys(environment).filter((name) => name.startsWith('CLIENTELE_') && !known.has(name));
}

/** The values of the file by key. Mistakes that belong to no setting are added to `mistakes`. */
function readFile(file: string, directory: string, mistakes: string[]): Map<string, unknown> {
  const values = new Map<string, unknown>();
  let content: string;
  try {
    content = readFileSync(join(directory, file), 'utf8');
  } catch (error) {
    mistakes.push(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return values;
  }
  try {
    collect(parse(content, { integersAsBigInt: true }), '');
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The message goes on to quote the lines around the mistake, and those may hold a password.
    const reason = error.message.split('\n')[0]?.replace('Invalid TOML document: ', '');
    mistakes.push(`${file}: line ${error.line}, column ${error.column}: ${reason}`);
  }
  return values;

  function collect(table: Record<string, unknown>, prefix: string) {
    for (const [name, value] of Object.entries(table)) {
      // A quoted name stays quoted: "server.port" = 80 is one name with a dot in it, and no setting.
      const key = prefix + (/^[\w-]+$/.test(name) ? name : JSON.stringify(name));
      const isGroup = settings.some((setting) => setting.key.startsWith(`${key}.`));
      if (settings.some((setting) => setting.key === key)) values.set(key, value);
      else if (isTable(value) && (isGroup || Object.keys(value).length > 0)) collect(value, `${key}.`);
      else mistakes.push(`${file}: ${key} ${isGroup ? 'must be a table' : unknownKey(key)}`);
    }
  }
}

/** The rest of the sentence, with the setting that was meant if one is near. */
function unknownKey(key: string): string {
  const last = key.slice(key.lastIndexOf('.') + 1);
  const near = settings
    .map((setting) => setting.key)
    .map((known) => ({ known, edits: known.endsWith(`.${last}`) ? 1 : editDistance(key, known) }))
    .filter(({ edits }) => edits <= 3)
    .sort((a, b) => a.edits - b.edits)[0];
  return `is not a setting${near ? ` (did you mean ${near.known}?)` : ''}`;
}

/** How many characters to insert, delete or replace to make one text of the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, character] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= to.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (character === to[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[to.length]!;
}

function setValue(config: object, key: string, value: unknown) {
  const path = key.split('.');
  const last = path.pop()!;
  let table = config as Record<string, unknown>;
  for (const name of path) {
    table[name] ??= {};
    table = table[name] as Record<string, unknown>;
  }
  table[last] = value;
}

function getValue(config: object, key: string): unknown {
  return key.split('.').reduce<unknown>((table, name) => (table as Record<string, unknown>)[name], config);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function wholeNumber(from: number, to: number): Kind<number> {
  return {
    read: (value, at) =>
      typeof value === 'bigint' && value >= from && value <= to
        ? Number(value)
        : refuse(at, `must be a whole number from ${from} to ${to}`),
    fromText: (text) => (/^(0|-?[1-9]\d*)$/.test(text) ? BigInt(text) : text),
  };
}

function oneOf<const T extends string>(words: readonly T[]): Kind<T> {
  return {
    read: (value, at) => words.find((word) => word === value) ?? refuse(at, `must be ${orList(words)}`),
    fromText: asIs,
  };
}

function textThat(expected: string, isValid: (value: string) => boolean): Kind<string> {
  return {
    read: (value, at) => (typeof value === 'string' && isValid(value) ? value : refuse(at, `must be ${expected}`)),
    fromText: asIs,
  };
}

function listOf(item: Kind<string>): Kind<readonly string[]> {
  return {
    read: (value, at) => {
      if (!Array.isArray(value)) return refuse(at, 'must be a list of texts');
      return value.map((each, index) => item.read(each, { ...at, key: `${at.key} (entry ${index + 1})` }));
    },
    fromText: (text) => text.split(','),
  };
}

function refuse(at: Place, problem: string): never {
  throw configError(`${at.key} ${problem}`);
}

function asIs(text: string): string {
  return text;
}

function orList(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function isHostName(value: string): boolean {
  return /^(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$/.test(value) && !/^[\d.]+$/.test(value);
}

/** Exactly as browsers send it, so that an Origin header can be compared as text. */
function isOrigin(value: string): boolean {
  const url = URL.parse(value);
  return (url?.protocol === 'http:' || url?.protocol === 'https:') && url.origin === value;
}

/** Without the places where a URL may hold a secret. */
function isHttpUrl(value: string): boolean {
  return /^https?:\/\/[^\s\p{Cc}@?#]+$/u.test(value) && URL.canParse(value);
}

function isAddressRange(value: string): boolean {
  const [, address = '', bits] = /^([\da-fA-F:.]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(value) ?? [];
  return isIP(address) !== 0 && Number(bits ?? 0) <= (isIPv4(address) ? 32 : 128);
}

function isRedisUrl(value: string): boolean {
  // Nothing may follow the number of the database: a password with a raw / or # would otherwise pass for more of the URL.
  const url = /[\s\p{Cc}]/u.test(value) ? null : URL.parse(value);
  return url !== null && /^rediss?:\/\/[^/?#]+(\/\d{0,4})?$/.test(value) && url.hostname !== '';
}

function maskRedisUrl(value: string): string {
  const url = new URL(value);
  if (url.password) url.password = '***';
  return url.href;
}
