// The one table of settings: keys, variables, kinds, defaults and what each is for. All else about the configuration follows from it.
import { describeDatabaseUrl } from './database-url.ts';
import {
  addressRange,
  bindAddress,
  buttonName,
  clientId,
  clientSecret,
  databaseUrl,
  egressHost,
  flag,
  httpUrl,
  issuer,
  type Kind,
  key256,
  listOf,
  logLevels,
  maskPassword,
  max31Bits,
  metricsToken,
  natsPrefix,
  natsUrl,
  oneOf,
  origin,
  pathOf,
  rateLimit,
  ratio,
  redisUrl,
  scope,
  sender,
  serviceName,
  smtpUrl,
  wholeNumber,
} from './setting-kinds.ts';

export type Setting = {
  /** Its place in the file and in the `Config`. */
  key: string;
  variable?: string;
  kind: Kind<unknown>;
  /** Absent: the setting is optional and undefined where nobody sets it. */
  default?: unknown;
  /** Present: the value is secret, and this is how it may be shown. */
  mask?: (value: string) => string;
  /** Settings without which it can do nothing. */
  needs?: readonly string[];
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
    kind: pathOf('a folder'),
    description: 'Where the embedded database keeps its files. A relative path counts from the project folder.',
  },
  {
    key: 'backup.directory',
    variable: 'CLIENTELE_BACKUPS',
    kind: pathOf('a folder'),
    description:
      'Where the server keeps the backups that it makes of the embedded database: best on another disk. Without it, the folder backups in the data folder.',
  },
  {
    key: 'backup.every_hours',
    kind: wholeNumber(0, 8760),
    default: 24,
    description: 'How often the server makes a backup of the embedded database. 0: never.',
  },
  {
    key: 'backup.keep',
    kind: wholeNumber(1, 1000),
    default: 7,
    description: 'How many of these backups are kept.',
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
    mask: maskPassword,
    description:
      'The Redis that several servers share for rate limits and answers. Where it is lost, each goes on by itself.',
  },
  {
    key: 'nats.url',
    variable: 'NATS_URL',
    kind: natsUrl,
    mask: maskPassword,
    description: 'The NATS JetStream that every event is published to, as a CloudEvent. Without it none is.',
  },
  {
    key: 'nats.credentials_file',
    kind: pathOf('a file'),
    description:
      'The file with the credentials of this server at NATS (.creds), where its URL has no user and password.',
  },
  {
    key: 'nats.prefix',
    kind: natsPrefix,
    default: 'clientele',
    description:
      'What streams and subjects at NATS begin with: events of the workspace main are in the stream clientele-main, under clientele.main.customer.created and so on.',
  },
  {
    key: 'nats.replicas',
    kind: wholeNumber(1, 5),
    default: 1,
    description: 'Servers of a NATS cluster that keep each stream. Of one that is there already, nothing is changed.',
  },
  {
    key: 'mail.smtp_url',
    variable: 'CLIENTELE_SMTP_URL',
    kind: smtpUrl,
    mask: maskPassword,
    needs: ['mail.from', 'server.public_url'],
    description: 'The SMTP server that sends invitations and links that reset a password. Without it none is sent.',
  },
  {
    key: 'mail.from',
    variable: 'CLIENTELE_MAIL_FROM',
    kind: sender,
    description: 'Whom mail comes from: an address, or Name <address>.',
  },
  {
    key: 'openid.issuer',
    variable: 'CLIENTELE_OPENID_ISSUER',
    kind: issuer,
    needs: ['openid.client_id', 'openid.client_secret', 'server.public_url'],
    description: 'The OpenID provider with whom people may sign in: what its discovery document calls itself.',
  },
  {
    key: 'openid.client_id',
    variable: 'CLIENTELE_OPENID_CLIENT_ID',
    kind: clientId,
    description: 'What the OpenID provider calls this server.',
  },
  {
    key: 'openid.client_secret',
    variable: 'CLIENTELE_OPENID_CLIENT_SECRET',
    kind: clientSecret,
    mask: () => '***',
    description: 'What this server shows to the OpenID provider.',
  },
  {
    key: 'openid.name',
    variable: 'CLIENTELE_OPENID_NAME',
    kind: buttonName,
    default: 'single sign-on',
    description: 'What the page to sign in calls the OpenID provider: “Continue with …”.',
  },
  {
    key: 'openid.scope',
    variable: 'CLIENTELE_OPENID_SCOPE',
    kind: scope,
    default: 'openid email profile',
    description: 'What the OpenID provider is asked for.',
  },
  {
    key: 'access.secrets_key',
    variable: 'CLIENTELE_SECRETS_KEY',
    kind: key256,
    mask: () => '***',
    description:
      'Encrypts the secrets of second factors and webhooks in the database, and hashes whom erasing suppresses. Without it they are kept as they are, and hashed with a key in the data folder.',
  },
  {
    key: 'privacy.erasures',
    variable: 'CLIENTELE_ERASURES',
    kind: pathOf('a file'),
    description:
      'Where erasures are written down: a file that no backup contains, by which a restored backup is told whom to erase again.',
  },
  {
    key: 'egress.allow',
    variable: 'CLIENTELE_EGRESS_ALLOW',
    kind: listOf(egressHost),
    default: [],
    description:
      'Hosts of your own network that webhooks and the OpenID provider may be at: names or addresses, with or without a port, and ranges such as 10.0.0.0/8. All others must be in the public Internet.',
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
