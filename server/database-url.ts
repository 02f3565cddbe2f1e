/**
 * Reads a PostgreSQL connection URL with the meaning libpq gives it, strictly, and without ever repeating the password.
 * https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 *
 * Where this departs from libpq:
 * - `pg` makes one attempt and cannot fall back to another. So `sslmode=allow` never encrypts and `sslmode=prefer` always
 *   does: each is libpq's own first attempt. Without an sslmode nothing is encrypted (libpq would say `prefer`).
 * - No host means localhost over TCP, not the socket directory that libpq was built with.
 * - `verify-full` without sslrootcert trusts the public roots; libpq wants to be told so with `sslrootcert=system`.
 * - Files under `~/.postgresql` are not looked for, and of the `PG…` variables only those that `pg` reads by itself count.
 * - Whatever could be read in two ways is refused: a second `@`, a bare `#`, spaces, several hosts, a repeated parameter.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP, isIPv6 } from 'node:net';
import { userInfo } from 'node:os';
import { type ConnectionOptions, createSecureContext, getCACertificates, type SecureContextOptions } from 'node:tls';

/** What `pg` needs to connect. Keys that the URL does not mention are absent, so that a spread keeps other defaults. */
export type DatabaseConnection = {
  /** A name, an address, or the directory of a Unix socket. */
  host: string;
  port: number;
  user: string;
  password?: string;
  database: string;
  /** Always set: left undefined, `pg` would take it from PGSSLMODE. */
  ssl: false | ConnectionOptions;
  options?: string;
  application_name?: string;
  connectionTimeoutMillis?: number;
};

/** What `pg` is given for a URL. Throws a ConfigError that begins with `name` and holds nothing secret. */
export function parseDatabaseUrl(text: string, name = 'the database URL'): DatabaseConnection {
  const fail: Fail = (problem) => {
    throw configError(`${name} ${problem}`);
  };
  const { host, port, user, password, database, parameters } = readParts(text, fail);
  const connection: DatabaseConnection = { host, port, user, database, ssl: readTls(parameters, host, fail) };
  if (password) connection.password = password;
  if (parameters.options) connection.options = parameters.options;
  if (parameters.application_name) connection.application_name = parameters.application_name;
  if (parameters.connect_timeout) connection.connectionTimeoutMillis = readTimeout(parameters.connect_timeout, fail);
  return connection;
}

/** The URL in one canonical spelling, defaults filled in and the password masked. Throws as `parseDatabaseUrl` does. */
export function describeDatabaseUrl(text: string): string {
  const { host, port, user, password, database, parameters } = readParts(text, (problem) => {
    throw configError(`the database URL ${problem}`);
  });
  const credentials = encodeURIComponent(user) + (password ? ':***' : '');
  const shownHost = isIPv6(host) ? `[${encodeURIComponent(host).replaceAll('%3A', ':')}]` : encodeURIComponent(host);
  const query = Object.entries(parameters).map(
    ([key, value]) => `${key}=${encodeURIComponent(value).replaceAll('%2F', '/')}`,
  );
  return `postgresql://${credentials}@${shownHost}:${port}/${encodeURIComponent(database)}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}

/** An error about configuration, to be shown as it stands and without a stack. */
export function configError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ConfigError' });
}

type Fail = (problem: string) => never;

const parameterNames = [
  'host',
  'port',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'options',
  'application_name',
  'connect_timeout',
] as const;
type UrlParameters = Partial<Record<(typeof parameterNames)[number], string>>;

type Parts = {
  host: string;
  port: number;
  user: string;
  password: string | undefined;
  database: string;
  /** What is left once host and port have found their places. */
  parameters: Omit<UrlParameters, 'host' | 'port'>;
};

function readParts(text: string, fail: Fail): Parts {
  const scheme = /^postgres(?:ql)?:\/\//.exec(text)?.[0];
  if (scheme === undefined) return fail('must begin with postgres:// or postgresql://');
  if (/[\s\p{Cc}]/u.test(text) || !text.isWellFormed())
    fail('must not hold spaces or controls (a space is written %20)');
  if (text.includes('#')) fail('must not hold a bare # (it is written %23)');

  const [, authority = '', path = '', query] =
    /^([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(text.slice(scheme.length)) ?? [];
  // A password with a raw @, / or ? puts an @ where none belongs. Its pieces would pass for a host, a database or the name
  // of a parameter and be repeated in a message, so this is refused before anything is read.
  const [beforeAt = '', afterAt, ...more] = authority.split('@');
  if (more.length > 0 || path.includes('@') || query?.includes('@')) {
    fail('has an @ out of place (in a user name or password @ is written %40, / is %2F, ? is %3F)');
  }
  if (path.includes('/')) fail('has more than one / after the host (in a database name it is written %2F)');

  const { host: hostParameter, port: portParameter, ...parameters } = readParameters(query, fail);
  const [hostText, portText] = splitPort(afterAt ?? beforeAt, fail);
  const [, userText = '', passwordText] = /^([^:]*)(?::(.*))?$/.exec(afterAt === undefined ? '' : beforeAt) ?? [];
  const user = decode(userText, 'user name', fail) || operatingSystemUser(fail);
  return {
    // As in libpq, a parameter wins over the same thing before the path: that is how …@localhost/db?host=/run/… is meant.
    host: readHost(hostParameter ?? decode(hostText, 'host', fail), fail),
    port: readPort(portParameter ?? portText, fail),
    user,
    password: passwordText === undefined ? undefined : decode(passwordText, 'password', fail),
    database: decode(path, 'database name', fail) || user,
    parameters,
  };
}

function readParameters(query: string | undefined, fail: Fail): UrlParameters {
  const pairs = (query ? query.split('&') : []).map((pair) => {
    const equals = pair.indexOf('=');
    if (equals < 1) return fail('has a parameter that is not written name=value');
    return [
      decode(pair.slice(0, equals), 'parameter', fail),
      decode(pair.slice(equals + 1), 'parameter', fail),
    ] as const;
  });
  const parameters: UrlParameters = {};
  for (const [key, value] of pairs) {
    const known = parameterNames.find((each) => each === key);
    if (known === undefined) {
      const shown = /^\w{1,40}$/.test(key) ? `the parameter ${key}, which` : 'a parameter that';
      return fail(`has ${shown} is not known here (known are ${parameterNames.join(', ')})`);
    }
    if (parameters[known] !== undefined) fail(`has the parameter ${known} twice`);
    if (value === '') fail(`has no value for the parameter ${known}`);
    parameters[known] = value;
  }
  return parameters;
}

function splitPort(hostAndPort: string, fail: Fail): [host: string, port: string | undefined] {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(hostAndPort);
  if (bracketed) {
    const address = bracketed[1] ?? '';
    if (!isIPv6(decode(address, 'host', fail))) fail('must hold an IPv6 address between its brackets');
    return [address, bracketed[2]];
  }
  if (hostAndPort.includes(',')) fail('must name one host (several are not supported)');
  const [host = '', port, ...more] = hostAndPort.split(':');
  if (more.length > 0 || /[[\]]/.test(host))
    fail('must have one host and one port (an IPv6 address is put in brackets)');
  return [host, port];
}

/** The error does not repeat the host: where a @ was forgotten or encoded, that is the password. */
function readHost(host: string, fail: Fail): string {
  if (host === '') return 'localhost';
  if (host.includes(',')) fail('must name one host (several are not supported)');
  const valid = host.startsWith('/') || isIP(host) !== 0 || /^\w[\w.-]*$/.test(host);
  return valid
    ? host
    : fail('must have a host name, an address, or the absolute path of a socket directory as its host');
}

function readPort(text: string | undefined, fail: Fail): number {
  if (!text) return 5432;
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65535 ? port : fail('must have a whole number from 1 to 65535 as its port');
}

function readTimeout(text: string, fail: Fail): number {
  // Timers count milliseconds in 31 bits; beyond that they fire at once.
  const seconds = /^(0|[1-9]\d{0,6})$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  return seconds <= 2_147_483 ? seconds * 1000 : fail('must have whole seconds from 0 to 2147483 as connect_timeout');
}

function operatingSystemUser(fail: Fail): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that no user has.
    return fail('must name a user (the operating system has no name for the current one)');
  }
}

function decode(text: string, what: string, fail: Fail): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    return fail(`must have % followed by two hexadecimal digits, and UTF-8, in its ${what} (% itself is written %25)`);
  }
  return decoded.includes('\0') ? fail(`must not have the character NUL in its ${what}`) : decoded;
}

const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

function readTls(parameters: Parts['parameters'], host: string, fail: Fail): DatabaseConnection['ssl'] {
  const { sslrootcert, sslcert, sslkey } = parameters;
  const mode = parameters.sslmode ?? (sslrootcert === 'system' ? 'verify-full' : undefined);
  if (mode === undefined) {
    return sslrootcert || sslcert || sslkey
      ? fail('must have an sslmode beside sslrootcert, sslcert or sslkey')
      : false;
  }
  if (!sslModes.includes(mode)) fail(`must have one of ${sslModes.join(', ')} as sslmode`);
  if (!sslcert !== !sslkey) fail('must have both sslcert and sslkey, or neither');
  if (mode === 'disable' || mode === 'allow' || host.startsWith('/')) return false;

  if (sslrootcert === 'system' && mode !== 'verify-full') fail('must have sslmode=verify-full with sslrootcert=system');
  // Anyone can get a certificate from a public authority; without the host name it would prove nothing.
  if (mode === 'verify-ca' && !sslrootcert) fail('must have an sslrootcert with sslmode=verify-ca');

  const context: SecureContextOptions = {};
  if (sslrootcert && sslrootcert !== 'system') context.ca = readCertificates(sslrootcert, fail);
  else if (mode === 'verify-full') context.ca = publicRoots();
  if (sslcert) context.cert = readFile('sslcert', sslcert, fail);
  if (sslkey) context.key = readFile('sslkey', sslkey, fail);

  // Also in libpq a root certificate is checked against whenever there is one, whatever the mode.
  const ssl: ConnectionOptions = { rejectUnauthorized: context.ca !== undefined };
  if (context.ca !== undefined && mode !== 'verify-full') ssl.checkServerIdentity = () => undefined;
  try {
    // Made once: a connection would otherwise read every root again. It also keeps the key out of what can be printed.
    ssl.secureContext = createSecureContext(context);
  } catch {
    fail('must name a PEM certificate as sslcert and its unencrypted PEM key as sslkey');
  }
  return ssl;
}

function readCertificates(path: string, fail: Fail): string {
  const pem = readFile('sslrootcert', path, fail);
  try {
    // OpenSSL takes a file without certificates for an empty list, and every connection would fail instead of the start.
    new X509Certificate(pem);
  } catch {
    fail('must name a file of PEM certificates as sslrootcert');
  }
  return pem;
}

/** The operating system's roots and Node's own: a slim container has none of the former. */
function publicRoots(): string[] {
  return [...new Set([...getCACertificates('system'), ...getCACertificates('default')])];
}

function readFile(parameter: string, path: string, fail: Fail): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return fail(`names a file as ${parameter} that cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
