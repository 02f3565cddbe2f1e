// How one kind of value of a setting is read, from the TOML file or from a variable. Nothing is coerced: what is not exactly right is refused.
import { isIP, isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { email } from '#contract/field.ts';
import { configError, parseDatabaseUrl } from './database-url.ts';

/** How one kind of value is read. `read` throws a ConfigError whose message begins with the setting's key. */
export type Kind<T> = {
  /** From a TOML value, in which integers are bigint. */
  read(value: unknown, at: Place): T;
  /** From a variable's text to the TOML value it stands for; text that stands for none is left for `read` to refuse. */
  fromText(text: string): unknown;
  /** Back to the TOML value, where the two differ. */
  toToml?(value: T): unknown;
};
type Place = { key: string; directory: string };

/** Milliseconds and PostgreSQL's own settings end here. */
export const max31Bits = 2_147_483_647;

export const flag: Kind<boolean> = {
  read: (value, at) => (typeof value === 'boolean' ? value : refuse(at, 'must be true or false')),
  fromText: (text) => (text === 'true' || text === 'false' ? text === 'true' : text),
};
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export const bindAddress = textThat(
  'a host name or an address to listen on',
  (value) => isIP(value) !== 0 || isHostName(value),
);
export const origin = textThat('an http or https origin without a path, such as https://crm.example.com', isOrigin);
export const addressRange = textThat('an address or CIDR range such as 10.0.0.0/8', isAddressRange);
export const egressHost = textThat(
  'a host such as receiver.internal, 127.0.0.1:9000 or 10.0.0.0/8',
  (value) => /^[a-z0-9.-]{1,253}(:\d{1,5})?$/i.test(value) || isAddressRange(value),
);
export const redisUrl = textThat('a URL such as redis://:password@host:6379/0', isRedisUrl);
export const natsUrl = textThat('a URL such as nats://user:password@host:4222, or tls://', isNatsUrl);
export const natsPrefix = textThat('up to 32 letters, digits, - and _', (value) => /^[\w-]{1,32}$/.test(value));
export const metricsToken = textThat('a text of 16 to 256 letters, digits and signs, without spaces', (value) =>
  /^[\x21-\x7e]{16,256}$/.test(value),
);
export const httpUrl = textThat(
  'an http or https URL such as http://collector:4318, without user, query or #',
  isHttpUrl,
);
export const smtpUrl = textThat(
  'a URL such as smtps://user:password@mail.example.com:465; smtp:// takes ?tls=never where mail may go unencrypted',
  isSmtpUrl,
);
export const sender = textThat('an address such as crm@example.com, or Name <crm@example.com>', isSender);
export const issuer = textThat(
  'an https URL without query or #, such as https://login.example.com; http on this machine',
  isIssuer,
);
export const clientId = textThat('a text of 1 to 255 letters, digits and signs, without spaces', (value) =>
  /^[\x21-\x7e]{1,255}$/.test(value),
);
export const clientSecret = textThat('a text of 1 to 1000 letters, digits and signs', (value) =>
  /^[\x20-\x7e]{1,1000}$/.test(value),
);
export const scope = textThat('names with a space between, openid among them', (value) => {
  const names = value.split(' ');
  return names.includes('openid') && names.every((name) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name));
});
export const buttonName = textThat('a text of 1 to 60 characters', (value) => /^\P{Cc}{1,60}$/u.test(value));
export const key256 = textThat('32 bytes in base64, such as `openssl rand -base64 32` gives', (value) =>
  /^[A-Za-z0-9+/]{43}=$/.test(value),
);
export const serviceName = textThat('a text of 1 to 100 characters', (value) => /^\P{Cc}{1,100}$/u.test(value));
export const ratio: Kind<number> = {
  read: (value, at) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    return typeof number === 'number' && number >= 0 && number <= 1
      ? number
      : refuse(at, 'must be a number from 0 to 1');
  },
  fromText: (text) => (/^[01](\.\d{1,15})?$/.test(text) ? Number(text) : text),
};
export const databaseUrl: Kind<string> = {
  read: (value, at) => {
    if (typeof value !== 'string') return refuse(at, 'must be a text');
    parseDatabaseUrl(value, at.key);
    return value;
  },
  fromText: asIs,
};
export const pathOf = (what: string): Kind<string> => ({
  // Not from the current directory: a server started elsewhere would begin with another, empty database.
  read: (value, at) =>
    typeof value === 'string' && /^[^\0]+$/.test(value)
      ? resolve(at.directory, value)
      : refuse(at, `must be the path of ${what}`),
  fromText: asIs,
});
export const rateLimit: Kind<'off' | { requests: number; seconds: number }> = {
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

export function wholeNumber(from: number, to: number): Kind<number> {
  return {
    read: (value, at) =>
      typeof value === 'bigint' && value >= from && value <= to
        ? Number(value)
        : refuse(at, `must be a whole number from ${from} to ${to}`),
    fromText: (text) => (/^(0|-?[1-9]\d*)$/.test(text) ? BigInt(text) : text),
  };
}

export function oneOf<const T extends string>(words: readonly T[]): Kind<T> {
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

export function listOf(item: Kind<string>): Kind<readonly string[]> {
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

export function orList(words: readonly string[]): string {
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

function isNatsUrl(value: string): boolean {
  const url = /[\s\p{Cc}]/u.test(value) ? null : URL.parse(value);
  return (
    url !== null &&
    /^(?:nats|tls):\/\/[^/?#]+$/.test(value) &&
    url.hostname !== '' &&
    isPercentEncoded(`x${url.username}${url.password}`)
  );
}

function isSmtpUrl(value: string): boolean {
  const url = /[\s\p{Cc}]/u.test(value) ? null : URL.parse(value);
  return (
    url !== null &&
    /^(?:smtps:\/\/[^/?#]+|smtp:\/\/[^/?#]+(?:\?tls=never)?)$/.test(value) &&
    url.hostname !== '' &&
    (url.username === '' || isPercentEncoded(url.username)) &&
    (url.password === '' || isPercentEncoded(url.password))
  );
}

function isPercentEncoded(value: string): boolean {
  try {
    return decodeURIComponent(value) !== '';
  } catch {
    return false;
  }
}

function isSender(value: string): boolean {
  const [, address = value] = /^[^<>"\\\p{Cc}]{1,100} <([^<>]+)>$/u.exec(value) ?? [];
  return !email.normalise(address, '').refusal && address.trim() === address;
}

function isIssuer(value: string): boolean {
  const url = isHttpUrl(value) ? URL.parse(value) : null;
  return url !== null && (url.protocol === 'https:' || /^(?:127\.0\.0\.1|\[::1\]|localhost)$/.test(url.hostname));
}

export function maskPassword(value: string): string {
  const url = new URL(value);
  if (url.password) url.password = '***';
  return url.href;
}
