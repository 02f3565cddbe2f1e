import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import { type Config, describeConfig, loadConfig, unknownVariables } from './config.ts';
import { settings } from './settings.ts';

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A project folder whose config/development.toml holds this text. */
function folderWith(toml: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'clientele-config-'));
  folders.push(folder);
  mkdirSync(join(folder, 'config'));
  writeFileSync(join(folder, 'config', 'development.toml'), toml);
  return folder;
}

const load = (toml: string, environment: NodeJS.ProcessEnv = {}): Config => loadConfig(environment, folderWith(toml));

function mistakes(toml: string, environment: NodeJS.ProcessEnv = {}): string[] {
  try {
    load(toml, environment);
  } catch (error) {
    assert.equal((error as Error).name, 'ConfigError');
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('where values come from', () => {
  test('the defaults', () => {
    const { sources, ...config } = load('');
    assert.deepEqual(config, {
      environment: 'development',
      rate_limit: { requests: 60_000, seconds: 60 },
      server: {
        host: '127.0.0.1',
        port: 4000,
        public_url: undefined,
        trusted_proxies: [],
        cors_origins: [],
        body_limit: 1_048_576,
        request_timeout_ms: 30_000,
        shutdown_timeout_ms: 10_000,
        drain_delay_ms: 0,
        processes: 1,
        https_redirect: false,
        hsts: { max_age: 0, include_subdomains: false, preload: false },
      },
      data: { directory: undefined },
      database: {
        url: undefined,
        read_connections: 2,
        search_connections: 4,
        write_connections: 4,
        statement_timeout_ms: 10_000,
        connect_timeout_ms: 5_000,
      },
      backup: { directory: undefined, every_hours: 24, keep: 7 },
      cache: { bytes: 8_388_608 },
      egress: { allow: [] },
      privacy: { erasures: undefined },
      redis: { url: undefined },
      nats: { url: undefined, credentials_file: undefined, prefix: 'clientele', replicas: 1 },
      mail: { smtp_url: undefined, from: undefined },
      openid: {
        issuer: undefined,
        client_id: undefined,
        client_secret: undefined,
        name: 'single sign-on',
        scope: 'openid email profile',
      },
      access: { secrets_key: undefined },
      metrics: { token: undefined, port: undefined },
      tracing: {
        endpoint: undefined,
        traces_endpoint: undefined,
        service_name: 'clientele',
        sample_ratio: 1,
        timeout_ms: 5_000,
      },
      log: { level: 'info' },
    });
    assert.deepEqual(new Set(Object.values(sources)), new Set(['default']));
  });

  test('a variable wins over the file, the file over the default', () => {
    const toml = 'server.port = 5000\nserver.host = "::"\n';
    const config = load(toml, { PORT: '6000' });
    assert.deepEqual([config.server.port, config.sources['server.port']], [6000, 'environment variable PORT']);
    assert.deepEqual([config.server.host, config.sources['server.host']], ['::', 'config/development.toml']);
    assert.deepEqual([config.log.level, config.sources['log.level']], ['info', 'default']);
  });

  test('an empty variable counts as not set', () => {
    const empty = Object.fromEntries(settings.flatMap((each) => ('variable' in each ? [[each.variable, '']] : [])));
    assert.deepEqual(load('', { ...empty, CLIENTELE_ENV: '' }), load(''));
  });

  test('every variable', () => {
    const environment = {
      HOST: '0.0.0.0',
      PORT: '0',
      CLIENTELE_PUBLIC_URL: 'https://crm.example.com',
      CLIENTELE_TRUSTED_PROXIES: '10.0.0.0/8,fd00::/8,127.0.0.1',
      CLIENTELE_CORS_ORIGINS: 'https://a.example,http://localhost:3000',
      CLIENTELE_EGRESS_ALLOW: 'receiver.internal,127.0.0.1:9000,10.0.0.0/8',
      CLIENTELE_DATA: resolve('/var/lib/clientele'),
      CLIENTELE_BACKUPS: resolve('/var/backups/clientele'),
      CLIENTELE_ERASURES: resolve('/srv/apart/erasures.jsonl'),
      DATABASE_URL: 'postgres://ada:secret@db/crm',
      CLIENTELE_LOG_LEVEL: 'silent',
      REDIS_URL: 'rediss://:secret@cache:6380/1',
      NATS_URL: 'tls://clientele:secret@nats:4222',
      CLIENTELE_CACHE_BYTES: '0',
      CLIENTELE_METRICS_TOKEN: 'a-token-for-metrics',
      CLIENTELE_METRICS_PORT: '9400',
      CLIENTELE_RATE_LIMIT: '100/60',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example/otlp/v1/traces',
      OTEL_SERVICE_NAME: 'crm',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
      OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
      CLIENTELE_DRAIN_DELAY_MS: '2000',
      CLIENTELE_PROCESSES: '4',
      CLIENTELE_SMTP_URL: 'smtps://crm:hunter2@mail.example.com',
      CLIENTELE_MAIL_FROM: 'Customers <crm@example.com>',
      CLIENTELE_OPENID_ISSUER: 'https://login.example.com/realms/main',
      CLIENTELE_OPENID_CLIENT_ID: 'clientele',
      CLIENTELE_OPENID_CLIENT_SECRET: 'hunter2',
      CLIENTELE_OPENID_NAME: 'Example',
      CLIENTELE_OPENID_SCOPE: 'email openid',
      CLIENTELE_SECRETS_KEY: Buffer.alloc(32).toString('base64'),
    };
    const config = load('', environment);
    assert.equal(config.server.host, '0.0.0.0');
    assert.equal(config.server.port, 0);
    assert.equal(config.server.public_url, 'https://crm.example.com');
    assert.deepEqual(config.server.trusted_proxies, ['10.0.0.0/8', 'fd00::/8', '127.0.0.1']);
    assert.deepEqual(config.server.cors_origins, ['https://a.example', 'http://localhost:3000']);
    assert.deepEqual(config.egress.allow, ['receiver.internal', '127.0.0.1:9000', '10.0.0.0/8']);
    assert.equal(config.data.directory, resolve('/var/lib/clientele'));
    assert.equal(config.privacy.erasures, resolve('/srv/apart/erasures.jsonl'));
    assert.equal(config.database.url, 'postgres://ada:secret@db/crm');
    assert.equal(config.log.level, 'silent');
    assert.equal(config.redis.url, 'rediss://:secret@cache:6380/1');
    assert.equal(config.nats.url, 'tls://clientele:secret@nats:4222');
    assert.equal(config.cache.bytes, 0);
    assert.deepEqual(config.metrics, { token: 'a-token-for-metrics', port: 9400 });
    assert.deepEqual(config.rate_limit, { requests: 100, seconds: 60 });
    assert.deepEqual(config.tracing, {
      endpoint: 'http://collector:4318',
      traces_endpoint: 'https://traces.example/otlp/v1/traces',
      service_name: 'crm',
      sample_ratio: 0.25,
      timeout_ms: 2000,
    });
    assert.equal(config.server.drain_delay_ms, 2000);
    assert.equal(config.server.processes, 4);
    // So that a variable added to the table is added here.
    const variables = settings.flatMap((setting) => ('variable' in setting ? [setting.variable] : []));
    assert.deepEqual(Object.keys(environment).sort(), variables.sort());
  });

  test('a relative data directory counts from the project folder', () => {
    const folder = folderWith('data.directory = "kept"');
    assert.equal(loadConfig({}, folder).data.directory, join(folder, 'kept'));
    assert.equal(loadConfig({ CLIENTELE_DATA: './mine' }, folder).data.directory, join(folder, 'mine'));
  });
});

describe('secrets in files', () => {
  function secretFile(content: string): string {
    const file = join(mkdtempSync(join(tmpdir(), 'clientele-secret-')), 'secret');
    folders.push(dirname(file));
    writeFileSync(file, content);
    return file;
  }
  const secrets: [variable: string, value: string, read: (config: Config) => unknown][] = [
    ['DATABASE_URL', 'postgres://ada:hunter2@db/crm', ({ database }) => database.url],
    ['REDIS_URL', 'rediss://:hunter2@cache:6380/1', ({ redis }) => redis.url],
    ['NATS_URL', 'tls://clientele:hunter2@nats:4222', ({ nats }) => nats.url],
    ['CLIENTELE_SMTP_URL', 'smtps://crm:hunter2@mail.example.com', ({ mail }) => mail.smtp_url],
    ['CLIENTELE_OPENID_CLIENT_SECRET', 'hunter2', ({ openid }) => openid.client_secret],
    ['CLIENTELE_SECRETS_KEY', Buffer.alloc(32).toString('base64'), ({ access }) => access.secrets_key],
    ['CLIENTELE_METRICS_TOKEN', 'hunter2-hunter2-hunter2', ({ metrics }) => metrics.token],
  ];
  const others = { CLIENTELE_MAIL_FROM: 'crm@example.com', CLIENTELE_PUBLIC_URL: 'https://crm.example.com' };

  test('each is read, without the end of its line', () => {
    for (const [variable, value, read] of secrets)
      for (const end of ['', '\n', '\r\n']) {
        const file = secretFile(value + end);
        const config = load('', { ...others, [`${variable}_FILE`]: file });
        assert.equal(read(config), value, variable);
        assert.ok(Object.values(config.sources).includes(`environment variable ${variable}_FILE (${file})`));
        assert.ok(!describeConfig(config).includes('hunter2'), variable);
      }
    const masked = settings.flatMap((setting) => ('mask' in setting ? [setting.variable as string] : []));
    assert.deepEqual(secrets.map(([variable]) => variable).sort(), masked.sort());
  });

  test('a relative path counts from the project folder, and an empty one as not set', () => {
    const folder = folderWith('');
    writeFileSync(join(folder, 'url'), 'postgres://db/crm\n');
    assert.equal(loadConfig({ DATABASE_URL_FILE: 'url' }, folder).database.url, 'postgres://db/crm');
    assert.equal(loadConfig({ DATABASE_URL_FILE: '' }, folder).database.url, undefined);
  });

  test('a mistake names the variable and the file, never what it holds', () => {
    const of = (DATABASE_URL_FILE: string, more: NodeJS.ProcessEnv = {}) =>
      mistakes('', { DATABASE_URL_FILE, ...more }).map((line) => line.replace(DATABASE_URL_FILE, '<file>'));
    const place = 'environment variable DATABASE_URL_FILE (<file>):';
    assert.deepEqual(of('/nowhere/secret'), [`${place} the file cannot be read (ENOENT)`]);
    assert.deepEqual(of(tmpdir()), [`${place} the file cannot be read (EISDIR)`]);
    for (const content of ['', '\n']) assert.deepEqual(of(secretFile(content)), [`${place} the file is empty`]);
    assert.deepEqual(of(secretFile('mysql://ada:hunter2@db')), [
      `${place} database.url must begin with postgres:// or postgresql://`,
    ]);
    assert.deepEqual(of(secretFile('postgres://db\n\n')), [
      `${place} database.url must not hold spaces or controls (a space is written %20)`,
    ]);
    assert.deepEqual(of(secretFile('postgres://db'), { DATABASE_URL: 'postgres://other' }), [
      `${place} DATABASE_URL is set as well, and one of the two is meant`,
    ]);
  });

  test('only secrets stand in files', () => {
    assert.deepEqual(load('', { PORT_FILE: secretFile('80') }), load(''));
    assert.deepEqual(unknownVariables({ CLIENTELE_PUBLIC_URL_FILE: 'x', CLIENTELE_SECRETS_KEY_FILE: 'x' }), [
      'CLIENTELE_PUBLIC_URL_FILE',
    ]);
  });
});

describe('mistakes', () => {
  const ofVariables: [variable: string, wrong: string[], problem: string][] = [
    [
      'PORT',
      [' 80', '80 ', '0x50', '1e3', '+80', '-1', '080', '80.0', '65536', '٨٠', 'true'],
      'server.port must be a whole number from 0 to 65535',
    ],
    [
      'HOST',
      ['a b', 'http://db', '[::]', '-a', '300.1.1.1', 'a..b'],
      'server.host must be a host name or an address to listen on',
    ],
    [
      'CLIENTELE_PUBLIC_URL',
      ['crm.example.com', 'https://a.example/', 'https://a.example/crm', 'https://A.example', 'https://u:p@a.example'],
      'server.public_url must be an http or https origin without a path, such as https://crm.example.com',
    ],
    [
      'CLIENTELE_CORS_ORIGINS',
      ['*', 'null', 'ftp://a.example', 'https://a.example:443', 'https://a.example?b'],
      'server.cors_origins (entry 1) must be an http or https origin without a path, such as https://crm.example.com',
    ],
    [
      'CLIENTELE_TRUSTED_PROXIES',
      ['true', '1', '10.0.0.0/33', '10.0.0/8', '::/129', '10.0.0.0/08', '10.0.0.0/', 'fe80::1%eth0', ' 10.0.0.1'],
      'server.trusted_proxies (entry 1) must be an address or CIDR range such as 10.0.0.0/8',
    ],
    ['CLIENTELE_DATA', ['a\0b'], 'data.directory must be the path of a folder'],
    [
      'CLIENTELE_EGRESS_ALLOW',
      ['https://a', 'a b', '10.0.0.0/33', 'a/8', ':80'],
      'egress.allow (entry 1) must be a host such as receiver.internal, 127.0.0.1:9000 or 10.0.0.0/8',
    ],
    [
      'CLIENTELE_LOG_LEVEL',
      ['INFO', 'warning', 'info '],
      'log.level must be fatal, error, warn, info, debug, trace or silent',
    ],
    [
      'REDIS_URL',
      [
        'cache:6379',
        'http://cache',
        'redis://',
        'redis://cache/x',
        'redis://:a/b@cache',
        'redis://:a#b@cache',
        ' redis://a',
      ],
      'redis.url must be a URL such as redis://:password@host:6379/0',
    ],
    [
      'NATS_URL',
      ['nats:4222', 'http://nats', 'nats://', 'nats://nats/x', 'nats://a:b#c@nats', 'nats://a:%ff@nats', ' nats://a'],
      'nats.url must be a URL such as nats://user:password@host:4222, or tls://',
    ],
    [
      'CLIENTELE_SMTP_URL',
      [
        'mail.example.com',
        'http://mail.example.com',
        'smtp://',
        'smtp://mail.example.com/x',
        'smtp://mail.example.com?tls=no',
        'smtps://mail.example.com?tls=never',
        'smtp://a:b#c@mail.example.com',
        'smtp://a:%zz@mail.example.com',
        ' smtp://mail.example.com',
      ],
      'mail.smtp_url must be a URL such as smtps://user:password@mail.example.com:465; smtp:// takes ?tls=never where mail may go unencrypted',
    ],
    [
      'CLIENTELE_MAIL_FROM',
      [
        'crm',
        'crm@localhost',
        'A <crm@example.com',
        '"A" <crm@example.com>',
        'A\nB <crm@example.com>',
        'a@b.de, c@d.de',
      ],
      'mail.from must be an address such as crm@example.com, or Name <crm@example.com>',
    ],
    [
      'CLIENTELE_OPENID_ISSUER',
      [
        'login.example.com',
        'http://login.example.com',
        'https://a.example?b',
        'https://a.example#b',
        'https://u:p@a.b',
      ],
      'openid.issuer must be an https URL without query or #, such as https://login.example.com; http on this machine',
    ],
    [
      'CLIENTELE_OPENID_SCOPE',
      ['email', 'openid  email', ' openid', 'openid "', 'openid\temail'],
      'openid.scope must be names with a space between, openid among them',
    ],
    [
      'CLIENTELE_SECRETS_KEY',
      ['secret', 'A'.repeat(44), Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64')],
      'access.secrets_key must be 32 bytes in base64, such as `openssl rand -base64 32` gives',
    ],
    [
      'CLIENTELE_RATE_LIMIT',
      ['on', '100', '100/0', '0/60', '1e3/60', ' 100/60', '100/60s', '-1/60'],
      'rate_limit must be "off" or <requests>/<seconds>, such as 100/60',
    ],
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      [
        'collector:4318',
        'grpc://collector',
        'http://',
        'http://ada:b@collector',
        'http://collector?key=b',
        'http://a b',
      ],
      'tracing.endpoint must be an http or https URL such as http://collector:4318, without user, query or #',
    ],
    [
      'OTEL_TRACES_SAMPLER_ARG',
      ['1.1', '-0.1', '.5', '1e-1', '50%', ' 1', '0,5'],
      'tracing.sample_ratio must be a number from 0 to 1',
    ],
    ['OTEL_SERVICE_NAME', ['a\nb', 'x'.repeat(101)], 'tracing.service_name must be a text of 1 to 100 characters'],
    ['DATABASE_URL', ['mysql://db'], 'database.url must begin with postgres:// or postgresql://'],
  ];
  for (const [variable, wrong, problem] of ofVariables) {
    for (const value of wrong) {
      test(`${variable}=${JSON.stringify(value)}`, () => {
        assert.deepEqual(mistakes('', { [variable]: value }), [`environment variable ${variable}: ${problem}`]);
      });
    }
  }

  const ofFiles: [toml: string, problem: string][] = [
    ['server.port = "80"', 'server.port must be a whole number from 0 to 65535'],
    ['server.port = 80.0', 'server.port must be a whole number from 0 to 65535'],
    ['server.port = -1', 'server.port must be a whole number from 0 to 65535'],
    ['server.processes = 0', 'server.processes must be a whole number from 1 to 64'],
    ['server.port.number = 80', 'server.port must be a whole number from 0 to 65535'],
    ['database.write_connections = 0', 'database.write_connections must be a whole number from 1 to 1000'],
    [
      'database.statement_timeout_ms = 2147483648',
      'database.statement_timeout_ms must be a whole number from 1 to 2147483647',
    ],
    ['server.https_redirect = "true"', 'server.https_redirect must be true or false'],
    ['server.https_redirect = 1', 'server.https_redirect must be true or false'],
    ['server.host = ""', 'server.host must be a host name or an address to listen on'],
    ['data.directory = ""', 'data.directory must be the path of a folder'],
    ['database.url = 5', 'database.url must be a text'],
    ['tracing.sample_ratio = 2', 'tracing.sample_ratio must be a number from 0 to 1'],
    ['tracing.sample_ratio = nan', 'tracing.sample_ratio must be a number from 0 to 1'],
    ['tracing.sample_ratio = "1"', 'tracing.sample_ratio must be a number from 0 to 1'],
    ['server.cors_origins = "https://a.example"', 'server.cors_origins must be a list of texts'],
    [
      'server.trusted_proxies = ["10.0.0.0/8", 5]',
      'server.trusted_proxies (entry 2) must be an address or CIDR range such as 10.0.0.0/8',
    ],
    ['server = 5', 'server must be a table'],
    ['server.hsts = true', 'server.hsts must be a table'],
    ['[[server]]\nport = 80', 'server must be a table'],
    ['server = 2000-01-01', 'server must be a table'],
    ['server.prot = 80', 'server.prot is not a setting (did you mean server.port?)'],
    ['[databse]\nurl = "postgres://db"', 'databse.url is not a setting (did you mean database.url?)'],
    ['port = 80', 'port is not a setting (did you mean server.port?)'],
    ['"server.port" = 80', '"server.port" is not a setting (did you mean server.port?)'],
    ['server.hsts.maxage = 0', 'server.hsts.maxage is not a setting (did you mean server.hsts.max_age?)'],
    ['something.else = 1', 'something.else is not a setting'],
    ['[something]', 'something is not a setting'],
    ['environment = "production"', 'environment is not a setting'],
    ['__proto__.polluted = 1', '__proto__.polluted is not a setting'],
    ['constructor = 1', 'constructor is not a setting'],
    ['server.port = 80\nserver.port = 81', 'line 2, column 1: trying to redefine an already defined table or value'],
  ];
  for (const [toml, problem] of ofFiles) {
    test(toml, () => assert.deepEqual(mistakes(toml), [`config/development.toml: ${problem}`]));
  }

  test('a setting that can do nothing without others names them', () => {
    const mail = { CLIENTELE_SMTP_URL: 'smtp://127.0.0.1' };
    const missing = (key: string) =>
      `environment variable CLIENTELE_SMTP_URL: mail.smtp_url needs ${key}, which is not set`;
    assert.deepEqual(mistakes('', mail), [missing('mail.from'), missing('server.public_url')]);
    assert.deepEqual(mistakes('[server]\npublic_url = "https://crm.example.com"', mail), [missing('mail.from')]);
    assert.deepEqual(mistakes('openid.issuer = "http://127.0.0.1:9000"\nopenid.client_id = "a"'), [
      'config/development.toml: openid.issuer needs openid.client_secret, which is not set',
      'config/development.toml: openid.issuer needs server.public_url, which is not set',
    ]);
    // Until what is wrong has been put right, what is missing is not known.
    assert.equal(mistakes('server.public_url = "crm"', { ...mail, CLIENTELE_MAIL_FROM: 'crm@example.com' }).length, 1);
  });

  test('all are listed, each with its source, even those that a variable overrides', () => {
    const toml = 'colour = "red"\n[server]\nport = 70000\nhttps_redirect = 1\n';
    assert.deepEqual(
      mistakes(toml, { PORT: 'x', HOST: 'a b', CLIENTELE_CORS_ORIGINS: 'https://a.example, b,*' }).sort(),
      [
        'config/development.toml: colour is not a setting',
        'config/development.toml: server.https_redirect must be true or false',
        'config/development.toml: server.port must be a whole number from 0 to 65535',
        'environment variable CLIENTELE_CORS_ORIGINS: server.cors_origins (entry 2) must be an http or https origin without a path, such as https://crm.example.com',
        'environment variable HOST: server.host must be a host name or an address to listen on',
        'environment variable PORT: server.port must be a whole number from 0 to 65535',
      ],
    );
    assert.equal(mistakes(toml, { PORT: '80' }).length, 3);
  });

  test('an environment that is none, and the other mistakes with it', () => {
    assert.deepEqual(mistakes('', { CLIENTELE_ENV: 'prod', PORT: 'x' }), [
      'environment variable CLIENTELE_ENV: must be development, staging or production',
      'environment variable PORT: server.port must be a whole number from 0 to 65535',
    ]);
    assert.equal(mistakes('', { CLIENTELE_ENV: '../config/development' }).length, 1);
  });

  test('a file that is missing', () => {
    assert.deepEqual(mistakes('', { CLIENTELE_ENV: 'production' }), [
      'config/production.toml: cannot be read (ENOENT)',
    ]);
  });

  test('none repeats a secret', () => {
    for (const toml of [
      'database.url = "postgres://ada:hunter2@db/crm?x=1"',
      'database.url = "postgres://ada:hunter2@db/crm\n"',
      '[database]\nurl = "postgres://ada:hunter2@db/crm"\nurl = "postgres://ada:hunter2@db/crm"',
      'redis.url = "redis://:hunter2@cache/x"',
      'nats.url = "nats://ada:hunter2@nats/x"',
      'tracing.endpoint = "https://ada:hunter2@collector"',
      'mail.smtp_url = "smtp://ada:hunter2@mail/x"',
      'mail.smtp_url = "smtp://ada:hunter2@mail"',
      'openid.client_secret = "hunter2\\n"',
      'databse.url = "postgres://ada:hunter2@db/crm"',
      'server.public_url = "https://ada:hunter2@crm.example.com"',
    ]) {
      const lines = mistakes(toml);
      assert.ok(lines.length > 0, toml);
      assert.doesNotMatch(lines.join('\n'), /hunter2/);
    }
  });
});

describe('the description', () => {
  test('is TOML that loads as the same configuration', () => {
    const toml = `
      rate_limit = "100/60"
      [server]
      port = 8080
      public_url = "https://crm.example.com"
      trusted_proxies = ["10.0.0.0/8", "::1"]
      cors_origins = ["https://a.example"]
      hsts.max_age = 60
      [data]
      directory = "a \\"quoted\\" # folder"
    `;
    const folder = folderWith(toml);
    const { sources, ...config } = loadConfig({}, folder);
    const { sources: _, ...again } = load(describeConfig({ ...config, sources }));
    assert.deepEqual(again, config);
  });

  test('names every setting once, with its source', () => {
    const lines = describeConfig(load('server.host = "::"', { PORT: '1' }))
      .trimEnd()
      .split('\n');
    assert.equal(lines.length, settings.length + 1);
    assert.equal(lines[0], '# development');
    for (const [index, { key }] of settings.entries()) assert.match(lines[index + 1]!, new RegExp(`^(# )?${key} `));
    const line = (key: string) => lines.find((each) => each.includes(key))?.replace(/ +#/, ' #');
    assert.equal(line('server.host'), 'server.host = "::" # config/development.toml');
    assert.equal(line('server.port'), 'server.port = 1 # environment variable PORT');
    assert.equal(line('server.body_limit'), 'server.body_limit = 1048576 # default');
    assert.equal(line('database.url'), '# database.url is not set');
  });

  test('masks the passwords and nothing else', () => {
    const DATABASE_URL = 'postgres://ada:hunter2@db/crm?sslmode=require';
    const values = parse(describeConfig(load('', { DATABASE_URL, REDIS_URL: 'redis://app:hunter2@cache:6379/1' })));
    assert.deepEqual((values.database as { url: string }).url, 'postgresql://ada:***@db:5432/crm?sslmode=require');
    assert.deepEqual((values.redis as { url: string }).url, 'redis://app:***@cache:6379/1');
    const secrets = {
      CLIENTELE_PUBLIC_URL: 'https://crm.example.com',
      CLIENTELE_SMTP_URL: 'smtps://app:hunter2@mail.example.com:465',
      CLIENTELE_MAIL_FROM: 'crm@example.com',
      CLIENTELE_OPENID_CLIENT_SECRET: 'hunter2',
      CLIENTELE_SECRETS_KEY: Buffer.alloc(32, 'hunter2').toString('base64'),
    };
    const shown = describeConfig(load('', secrets));
    assert.doesNotMatch(shown, /hunter2|aHVudGVy/);
    assert.match(shown, /smtp_url = "smtps:\/\/app:\*{3}@mail.example.com:465"/);
    assert.match(shown, /client_secret = "\*{3}"/);
  });

  test('holds no password, whatever it is made of', () => {
    const password = fc.string({ unit: fc.constantFrom(...'QXZ@/#% ?&:+'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(password, fc.boolean(), (text, raw) => {
        const secret = `QQ${text}QQ`;
        const written = raw ? secret : encodeURIComponent(secret);
        let shown: string;
        try {
          const urls = { DATABASE_URL: `postgres://ada:${written}@db`, REDIS_URL: `redis://:${written}@cache` };
          shown = describeConfig(loadConfig(urls, project));
        } catch (error) {
          assert.equal((error as Error).name, 'ConfigError');
          shown = (error as Error).message;
        }
        assert.doesNotMatch(shown, /QQ/);
      }),
    );
  });
});

describe('the settings', () => {
  test('each default is a value that its own setting takes', () => {
    const toml = describeConfig(load('')); // every default, written out
    assert.deepEqual(mistakes(toml), []);
  });

  test('each has a description, and no key or variable is there twice', () => {
    const variables = settings.flatMap((each) => ('variable' in each ? [each.variable] : []));
    assert.equal(new Set(settings.map((each) => each.key)).size, settings.length);
    assert.equal(new Set(variables).size, variables.length);
    for (const { key, description } of settings) assert.match(description, /^[A-Z].*\.$/, key);
  });

  test('variables that look like ours and are not', () => {
    const environment = {
      CLIENTELE_ENV: 'staging',
      CLIENTELE_URL: 'x',
      CLIENTELE_KEY: 'x',
      CLIENTELE_DATA: 'x',
      CLIENTELE_RATE_LIMITS: '1/1',
      CLIENTELE_: '',
      OTHER: 'x',
    };
    assert.deepEqual(unknownVariables(environment), ['CLIENTELE_RATE_LIMITS', 'CLIENTELE_']);
  });
});

describe('the files that come with it', () => {
  const hsts = (CLIENTELE_ENV: string) => loadConfig({ CLIENTELE_ENV }, project).server.hsts;

  for (const CLIENTELE_ENV of ['development', 'staging', 'production']) {
    test(CLIENTELE_ENV, () => {
      const config = loadConfig({ CLIENTELE_ENV }, project);
      assert.equal(config.environment, CLIENTELE_ENV);
      assert.equal(config.server.https_redirect, CLIENTELE_ENV !== 'development');
      assert.equal(config.sources['log.level'], `config/${CLIENTELE_ENV}.toml`);
    });
  }

  test('production holds browsers to HTTPS for a year; development does not', () => {
    assert.deepEqual(hsts('production'), { max_age: 31_536_000, include_subdomains: true, preload: true });
    assert.deepEqual(hsts('development'), { max_age: 0, include_subdomains: false, preload: false });
  });
});
