// What we give to run the server with, against what the server is: variables, ports, folders, users and times to stop.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { healthRoutes } from '#contract/health.ts';
import { type Config, knownVariables, loadConfig } from '#server/config.ts';
import { PROJECT } from '#server/project.ts';
import { settings } from '#server/settings.ts';
import { readDockerfile, valuesOf } from './support/image.ts';

// biome-ignore lint/suspicious/noExplicitAny: files of other programs, in their forms
type Any = any;

const read = (path: string) => readFileSync(join(PROJECT, path), 'utf8');
const image = readDockerfile(read('Dockerfile')).at(-1)!;
const compose: Any = parse(read('compose.yaml'));
const manifests = globSync('deploy/kubernetes/*.yaml', { cwd: PROJECT });
const objects: Any[] = manifests.flatMap((path) =>
  parseAllDocuments(read(path), { version: '1.1' }).map((document) => {
    assert.deepEqual(document.errors, [], path);
    return document.toJS();
  }),
);
const objectOf = (kind: string) => objects.find((each) => each.kind === kind)!;
const pods: Any[] = [objectOf('Deployment').spec.template, objectOf('CronJob').spec.jobTemplate.spec.template];
const serverPod = pods[0].spec;
const container = serverPod.containers[0];
const unit = read('deploy/clientele.service')
  .split('\n')
  .filter((line) => /^\w+=/.test(line))
  .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
const ofUnit = (name: string) => unit.filter(([each]) => each === name).map(([, value]) => value);

const fromPairs = (lines: string[]) => Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
const fixed = fromPairs(valuesOf(image, 'ENV'));
const ofPod = ({ env }: Any) =>
  Object.fromEntries(
    // What Kubernetes fills in is for other variables to be made of.
    env.filter((each: Any) => each.value !== undefined).map(({ name, value }: Any) => [name, value]),
  );
/** The variables that each way to run it gives the server, those of the image among them. */
const given: Record<string, Record<string, string>> = {
  image: fixed,
  compose: { ...fixed, ...compose.services.server.environment, CLIENTELE_PUBLIC_URL: 'https://crm.example.com' },
  pod: { ...fixed, ...ofPod(container) },
  'backup pod': { ...fixed, ...ofPod(pods[1].spec.containers[0]) },
  unit: fromPairs(ofUnit('Environment')),
};

const secrets = mkdtempSync(join(tmpdir(), 'secrets-'));
after(() => rmSync(secrets, { recursive: true }));
const examples: Record<string, string> = {
  DATABASE_URL: 'postgresql://clientele@postgres/clientele',
  CLIENTELE_SECRETS_KEY: Buffer.alloc(32).toString('base64'),
};

/** The configuration as that way has it, with an example for each secret that it has in a file. */
function configOf(way: string): Config {
  const variables = Object.entries(given[way]!).map(([name, value]) => {
    if (!name.endsWith('_FILE')) return [name, value];
    const file = join(secrets, name);
    writeFileSync(file, examples[name.replace(/_FILE$/, '')]!);
    return [name, file];
  });
  return loadConfig(Object.fromEntries(variables), PROJECT);
}

const defaultOf = (key: string) =>
  (settings as readonly { key: string; default?: unknown }[]).find((each) => each.key === key)?.default;
const port = defaultOf('server.port');

test('every variable is a setting’s, and has a value that it takes', () => {
  const known = [...knownVariables(), 'CLIENTELE_ENV'];
  for (const [way, variables] of Object.entries(given)) {
    const strange = Object.keys(variables).filter((name) => !known.includes(name));
    assert.deepEqual(strange, [], way);
    const { environment, server } = configOf(way);
    assert.equal(environment, 'production', way);
    assert.equal(server.port, port, way);
  }
  assert.equal(configOf('compose').database.url, examples.DATABASE_URL);
  assert.equal(configOf('pod').access.secrets_key, examples.CLIENTELE_SECRETS_KEY);
});

test('so is every variable that is named in passing', () => {
  const known = [...knownVariables(), 'CLIENTELE_ENV', 'CLIENTELE_URL', 'CLIENTELE_KEY'];
  const files = [
    'Dockerfile',
    'compose.yaml',
    ...globSync('{deploy/**/*.*,deploy/Caddyfile,docs/operations/*.*,docs/*.md}', { cwd: PROJECT }),
  ];
  let seen = 0;
  for (const file of files)
    for (const [name] of read(file).matchAll(
      /(?<![A-Z_$])(?:CLIENTELE|DATABASE_URL|REDIS_URL|NATS_URL)(?:_[A-Z]+)*(?![A-Z_])/g,
    )) {
      if (name === 'CLIENTELE') continue;
      seen++;
      assert.ok(known.includes(name), `${file}: ${name}`);
    }
  assert.ok(seen > 50);
});

test('the port is the same everywhere', () => {
  assert.deepEqual(valuesOf(image, 'EXPOSE'), [`${port}`]);
  assert.equal(fixed.PORT, `${port}`);
  assert.deepEqual(compose.services.server.ports, [`127.0.0.1:${port}:${port}`]);
  assert.equal(compose.services.proxy.environment.UPSTREAM, `server:${port}`);
  assert.deepEqual(container.ports, [{ name: 'http', containerPort: port }]);
  assert.equal(objectOf('Service').spec.ports[0].targetPort, 'http');
  assert.deepEqual(objectOf('NetworkPolicy').spec.ingress[0].ports, [{ protocol: 'TCP', port }]);
  assert.match(read('deploy/nginx.conf'), new RegExp(`^  server 127\\.0\\.0\\.1:${port};$`, 'm'));
  assert.match(read('deploy/Caddyfile'), new RegExp(`reverse_proxy \\{\\$UPSTREAM:127\\.0\\.0\\.1:${port}\\} `));
});

test('probes ask the paths that answer them', () => {
  const { live, ready } = healthRoutes;
  assert.match(valuesOf(image, 'HEALTHCHECK')[0]!, new RegExp(`PORT\\}${ready.path}\``));
  assert.equal(container.startupProbe.httpGet.path, live.path);
  assert.equal(container.livenessProbe.httpGet.path, live.path);
  assert.equal(container.readinessProbe.httpGet.path, ready.path);
  assert.match(read('deploy/Caddyfile'), new RegExp(`health_uri ${ready.path}$`, 'm'));
  assert.match(read('docs/operations/haproxy.cfg'), new RegExp(`GET ${ready.path}$`, 'm'));
});

test('each way gives the server the time to stop that it takes at most', () => {
  const seconds = {
    image: Number(/--stop-timeout (\d+)/.exec(read('Dockerfile'))?.[1]),
    compose: Number(/^(\d+)s$/.exec(compose.services.server.stop_grace_period)?.[1]),
    pod: serverPod.terminationGracePeriodSeconds,
    unit: Number(ofUnit('TimeoutStopSec')[0]),
  };
  for (const [way, given] of Object.entries(seconds)) {
    const { server, tracing, database } = configOf(way);
    // The statement that is under way last, and then its PostgreSQL's last checkpoint, if that is its own.
    const ms = server.drain_delay_ms + server.shutdown_timeout_ms + tracing.timeout_ms + database.statement_timeout_ms;
    assert.ok(given * 1000 >= ms + 20_000, `${way}: ${given} s`);
    assert.equal(given, 60, 'what docs/operations.md says');
  }
  assert.match(read('docs/operations.md'), /Give a server 60 seconds to stop/);
});

test('what is written is written to the data and /tmp, by the user of the image', () => {
  const [folder] = valuesOf(image, 'VOLUME');
  const [uid, gid] = valuesOf(image, 'USER')[0]!.split(':').map(Number);
  assert.equal(configOf('image').data.directory, folder);

  const { server } = compose.services;
  assert.deepEqual(server.volumes, [`data:${folder}`]);
  assert.ok(server.tmpfs.includes('/tmp'));
  for (const [name, service] of Object.entries<Any>(compose.services)) {
    assert.equal(service.read_only, true, name);
    assert.deepEqual(service.cap_drop, ['ALL'], name);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
    for (const volume of service.volumes.map((each: string) => each.split(':')[0]))
      assert.ok(volume.startsWith('./') ? read(volume) : volume in compose.volumes, `${name}: ${volume}`);
  }

  assert.ok(container.volumeMounts.some(({ name, mountPath }: Any) => name === 'data' && mountPath === folder));
  for (const { spec } of pods) {
    const { runAsNonRoot, runAsUser, runAsGroup, fsGroup, seccompProfile } = spec.securityContext;
    assert.deepEqual([runAsNonRoot, runAsUser, runAsGroup, fsGroup], [true, uid, gid, gid]);
    assert.equal(seccompProfile.type, 'RuntimeDefault');
    assert.deepEqual(spec.containers[0].securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const mounts = spec.containers[0].volumeMounts.map(({ name }: Any) => name);
    assert.deepEqual(
      mounts,
      spec.volumes.map(({ name }: Any) => name),
    );
    assert.ok(mounts.includes('tmp'));
  }

  assert.equal(dirname(configOf('compose').privacy.erasures!), folder);
  assert.equal(dirname(configOf('pod').privacy.erasures!), folder);
  assert.match(configOf('pod').privacy.erasures!, /\$\(POD\)/, 'each pod has a file of its own');

  const state = `/var/lib/${ofUnit('StateDirectory')[0]}/`;
  assert.ok(given.unit!.CLIENTELE_DATA!.startsWith(state));
  assert.ok(given.unit!.CLIENTELE_ERASURES!.startsWith(state));
  assert.ok(!given.unit!.CLIENTELE_ERASURES!.startsWith(given.unit!.CLIENTELE_DATA!), 'not within the data');
  assert.ok(read('docs/operations.md').includes(`CLIENTELE_DATA=${given.unit!.CLIENTELE_DATA} `));
  assert.deepEqual([ofUnit('ProtectSystem'), ofUnit('ReadWritePaths')], [['strict'], ['/tmp']]);
});

test('secrets are where the variables say', () => {
  const { server, postgres } = compose.services;
  for (const { environment, secrets } of [server, postgres])
    for (const [name, path] of Object.entries<string>(environment).filter(([each]) => each.endsWith('_FILE'))) {
      assert.equal(dirname(path), '/run/secrets', name);
      assert.ok(secrets.includes(basename(path)), name);
      assert.equal(compose.secrets[basename(path)].file, `secrets/${basename(path)}`);
      assert.ok(read('compose.yaml').includes(`> secrets/${basename(path)}\n`), `${name}: the first lines make it`);
    }
  for (const { spec } of pods) {
    const { mountPath } = spec.containers[0].volumeMounts.find(({ name }: Any) => name === 'secrets');
    for (const [name, path] of Object.entries<string>(ofPod(spec.containers[0])).filter(([each]) =>
      each.endsWith('_FILE'),
    )) {
      assert.equal(dirname(path), mountPath, name);
      assert.ok(read('deploy/kubernetes/deployment.yaml').includes(`--from-literal=${basename(path)}=`), name);
    }
  }
});

test('the manifests hold together, and name no namespace', () => {
  assert.deepEqual(objects.map(({ kind }) => kind).sort(), [
    'CronJob',
    'Deployment',
    'NetworkPolicy',
    'PersistentVolumeClaim',
    'PersistentVolumeClaim',
    'PodDisruptionBudget',
    'Service',
  ]);
  for (const { apiVersion, kind, metadata } of objects) {
    assert.ok(apiVersion && metadata.name, kind);
    assert.equal(metadata.namespace, undefined, kind);
  }
  const { spec } = objectOf('Deployment');
  const { labels } = spec.template.metadata;
  const selectors = [
    spec.selector.matchLabels,
    objectOf('Service').spec.selector,
    objectOf('PodDisruptionBudget').spec.selector.matchLabels,
    serverPod.topologySpreadConstraints[0].labelSelector.matchLabels,
  ];
  for (const selector of selectors) assert.deepEqual(selector, labels);
  for (const { metadata } of pods)
    for (const [label, value] of Object.entries(objectOf('NetworkPolicy').spec.podSelector.matchLabels))
      assert.equal(metadata.labels[label], value);
  // Of two servers one may be away, and none is while a new version comes.
  assert.equal(spec.replicas, 2);
  assert.deepEqual(spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
  assert.equal(objectOf('PodDisruptionBudget').spec.maxUnavailable, 1);
  const claims = objects.filter(({ kind }) => kind === 'PersistentVolumeClaim').map(({ metadata }) => metadata.name);
  const claimed = pods.flatMap(({ spec }) =>
    spec.volumes.flatMap((each: Any) => each.persistentVolumeClaim?.claimName ?? []),
  );
  assert.deepEqual(claimed.sort(), claims.sort());
  assert.equal(container.image, pods[1].spec.containers[0].image);
  assert.ok(container.image.endsWith(`:${JSON.parse(read('package.json')).version}`));
});

test('the proxy of the compose file is one that the server believes', () => {
  const { ipv4_address } = compose.services.proxy.networks.inside;
  const [{ subnet }] = compose.networks.inside.ipam.config;
  const gateway = subnet.replace(/\.0\/24$/, '.1');
  assert.deepEqual(configOf('compose').server.trusted_proxies, [ipv4_address, gateway]);
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).error === undefined;

test('systemd takes the unit', { skip: hasSystemd ? false : 'systemd-analyze is not installed' }, () => {
  const file = join(secrets, 'clientele.service');
  // The program is where the documentation puts it, not here.
  const program = `${ofUnit('WorkingDirectory')[0]}/node_modules/.bin/node`;
  assert.ok(ofUnit('ExecStart')[0]!.startsWith(`${program} `));
  writeFileSync(file, read('deploy/clientele.service').replace(program, process.execPath));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
  assert.deepEqual([status, stderr.split('\n').filter((line) => line.includes(file))], [0, []]);
});
