import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import fc from 'fast-check';
import pg from 'pg';
import { describeDatabaseUrl, parseDatabaseUrl } from './database-url.ts';

const me = userInfo().username;

describe('the parts of a database URL', () => {
  const cases: [url: string, expected: object][] = [
    ['postgres://', { host: 'localhost', port: 5432, user: me, database: me }],
    ['postgresql://db.example.com', { host: 'db.example.com', port: 5432, user: me, database: me }],
    ['postgres://ada@db', { host: 'db', port: 5432, user: 'ada', database: 'ada' }],
    ['postgres://ada@db/', { host: 'db', port: 5432, user: 'ada', database: 'ada' }],
    ['postgres://:pw@db/crm', { host: 'db', port: 5432, user: me, password: 'pw', database: 'crm' }],
    ['postgres://ada:@db:6432/crm', { host: 'db', port: 6432, user: 'ada', database: 'crm' }],
    ['postgres://ada:a:b@db:/crm?', { host: 'db', port: 5432, user: 'ada', password: 'a:b', database: 'crm' }],
    [
      'postgres://a%40b:%2F%23%25%20%3F+@db/c%2Fr%C3%A9m',
      { host: 'db', port: 5432, user: 'a@b', password: '/#% ?+', database: 'c/rém' },
    ],
    ['postgres://ada@127.0.0.1/crm', { host: '127.0.0.1', port: 5432, user: 'ada', database: 'crm' }],
    ['postgres://ada@[::1]:6432/crm', { host: '::1', port: 6432, user: 'ada', database: 'crm' }],
    ['postgres://ada@[fe80::1%25eth0]/crm', { host: 'fe80::1%eth0', port: 5432, user: 'ada', database: 'crm' }],
    ['postgresql:///crm?host=/run/pg&port=6432', { host: '/run/pg', port: 6432, user: me, database: 'crm' }],
    ['postgresql://%2Frun%2Fpg:6432/crm', { host: '/run/pg', port: 6432, user: me, database: 'crm' }],
    ['postgresql://ada@localhost/crm?host=/run/pg', { host: '/run/pg', port: 5432, user: 'ada', database: 'crm' }],
    [
      'postgres://ada@db/crm?options=-c%20search_path%3Dcrm&application_name=desk&connect_timeout=3',
      {
        host: 'db',
        port: 5432,
        user: 'ada',
        database: 'crm',
        options: '-c search_path=crm',
        application_name: 'desk',
        connectionTimeoutMillis: 3000,
      },
    ],
  ];
  for (const [url, expected] of cases) {
    test(url, () => assert.deepEqual(parseDatabaseUrl(url), { ssl: false, ...expected }));
  }

  test('any user, password and database survive percent-encoding', () => {
    const word = fc
      .string({ unit: 'binary', minLength: 1 })
      .filter((text) => text.isWellFormed() && !text.includes('\0'));
    fc.assert(
      fc.property(word, word, word, (user, password, database) => {
        const [u, p, d] = [user, password, database].map(encodeURIComponent);
        const { ssl, ...parts } = parseDatabaseUrl(`postgres://${u}:${p}@db/${d}`);
        assert.deepEqual(parts, { host: 'db', port: 5432, user, password, database });
      }),
    );
  });
});

describe('what is refused', () => {
  const cases: [url: string, problem: RegExp][] = [
    ['', /must begin with postgres:\/\//],
    ['mysql://ada@db/crm', /must begin with postgres:\/\//],
    ['POSTGRES://ada@db/crm', /must begin with postgres:\/\//],
    ['postgres:ada@db/crm', /must begin with postgres:\/\//],
    [' postgres://db', /must begin with postgres:\/\//],
    ['postgres://db/crm\n', /spaces or controls/],
    ['postgres://db/my crm', /spaces or controls/],
    ['postgres://db/\ud800', /spaces or controls/],
    ['postgres://ada:p#w@db', /bare #/],
    ['postgres://ada:p@w@db', /@ out of place/],
    ['postgres://ada:1/w@db', /@ out of place/],
    ['postgres://ada:1?w=1@db', /@ out of place/],
    ['postgres://ada:100%@db', /two hexadecimal digits.* in its password/],
    ['postgres://ada:%ff@db', /UTF-8/],
    ['postgres://ada%00@db', /NUL/],
    ['postgres://ada%3Asecret%40db', /host name, an address/],
    ['postgres://db/a/b', /more than one \//],
    ['postgres://one,two/crm', /one host/],
    ['postgres://one:1,two:2/crm', /one host/],
    ['postgres:///crm?host=one,two', /one host/],
    ['postgres://::1/crm', /IPv6 address is put in brackets/],
    ['postgres://[::1/crm', /IPv6 address is put in brackets/],
    ['postgres://[db]/crm', /IPv6 address between/],
    ['postgres://db:0', /from 1 to 65535/],
    ['postgres://db:65536', /from 1 to 65535/],
    ['postgres://db:0x10', /from 1 to 65535/],
    ['postgres://db:+80', /from 1 to 65535/],
    ['postgres://db?port=1e3', /from 1 to 65535/],
    ['postgres://db?target_session_attrs=any', /the parameter target_session_attrs, which is not known/],
    ['postgres://db?SSLMODE=require', /the parameter SSLMODE, which is not known/],
    ['postgres://db?__proto__=x', /the parameter __proto__, which is not known/],
    ['postgres://db?password=x', /the parameter password, which is not known/],
    ['postgres://db?a%0Ab=x', /a parameter that is not known/],
    ['postgres://db?sslmode', /name=value/],
    ['postgres://db?=x', /name=value/],
    ['postgres://db?sslmode=', /no value for the parameter sslmode/],
    ['postgres://db?port=1&port=1', /the parameter port twice/],
    ['postgres://db?connect_timeout=-1', /connect_timeout/],
    ['postgres://db?connect_timeout=2147484', /connect_timeout/],
    ['postgres://db?sslmode=on', /disable, allow, prefer, require, verify-ca, verify-full as sslmode/],
    ['postgres:///crm?host=/run/pg&sslmode=on', /as sslmode/],
    ['postgres://db?sslmode=verify-ca', /sslrootcert with sslmode=verify-ca/],
    ['postgres://db?sslmode=require&sslrootcert=system', /sslmode=verify-full with sslrootcert=system/],
    ['postgres://db?sslrootcert=/nowhere.pem', /an sslmode beside/],
    ['postgres://db?sslmode=require&sslcert=/nowhere.pem', /both sslcert and sslkey/],
    ['postgres://db?sslmode=verify-full&sslrootcert=/nowhere.pem', /sslrootcert that cannot be read \(ENOENT\)/],
  ];
  for (const [url, problem] of cases) {
    test(JSON.stringify(url), () => {
      assert.throws(() => parseDatabaseUrl(url), { name: 'ConfigError', message: problem });
    });
  }

  test('the sentence begins with the name it is given', () => {
    assert.throws(() => parseDatabaseUrl('x', 'database.url'), { message: /^database\.url must begin/ });
    assert.throws(() => parseDatabaseUrl('x'), { message: /^the database URL must begin/ });
  });
});

describe('the password stays secret', () => {
  // Pieces that occur nowhere else, joined by everything that ends a part of a URL.
  const piece = fc.string({ unit: fc.constantFrom(...'QXZJqxzj'), minLength: 4, maxLength: 8 });
  const joint = fc.constantFrom(
    '@',
    '/',
    '#',
    '%',
    '?',
    '&',
    '=',
    ':',
    ' ',
    '+',
    ',',
    '[',
    ']',
    '@db/',
    '?host=',
    '\n',
    '%40',
  );
  const pieces = fc.tuple(piece, fc.array(fc.tuple(joint, piece)), fc.constantFrom('', '1', '5432/', '9?'));
  const written = fc.constantFrom(
    (text: string) => text,
    (text: string) => encodeURIComponent(text),
    (text: string) => encodeURI(text),
  );
  const around = fc.constantFrom(
    (password: string) => `postgres://ada:${password}@db/crm`,
    (password: string) => `postgres://ada:${password}@db:99999/crm`,
    (password: string) => `postgres://ada:${password}@db/crm?sslmode=perhaps`,
    (password: string) => `postgres://ada:${password}@db/crm?nothing=1`,
    (password: string) => `postgres://ada:${password}@/crm?host=/run/pg`,
    // Without an @, 5432/secret could be a port and a database, and nothing tells; but no other password is repeated.
    (password: string) => `postgres://ada:${encodeURIComponent(password)}`,
    (password: string) => `postgres://ada:${encodeURIComponent(password)}%40db/crm`,
    (password: string) => `postgres//ada:${password}@db/crm`,
    (password: string) => `mysql://ada:${password}@db/crm`,
    (password: string) => `postgres://db/crm?user=ada&password=${password}`,
    (password: string) => `postgres://db/crm?password=${password}&port=x`,
  );

  test('no error and no description holds any piece of it', () => {
    let described = 0;
    fc.assert(
      fc.property(pieces, written, around, ([first, more, start], write, url) => {
        const password = start + first + more.flat().join('');
        const texts: string[] = [];
        for (const act of [parseDatabaseUrl, describeDatabaseUrl]) {
          try {
            const result = act(url(write(password)));
            if (typeof result !== 'string') continue;
            texts.push(result);
            described++;
          } catch (error) {
            assert.equal((error as Error).name, 'ConfigError');
            texts.push(inspect(error), JSON.stringify(error));
          }
        }
        for (const text of texts) {
          // The stack names this file's folders, which the pieces' letters cannot make up by chance.
          for (const part of [first, ...more.map(([, each]) => each)]) assert.ok(!text.includes(part), text);
        }
      }),
      { numRuns: 2000 },
    );
    assert.ok(described > 0, 'some of the URLs are valid');
  });

  test('a description reads back as the same connection', () => {
    for (const url of [
      'postgres://a%40b:secret@db/c%2Fr?options=-c%20a%3Db&application_name=desk',
      'postgres://ada:secret@[fe80::1%25eth0]:6432/crm',
      'postgres://ada:secret@/crm?host=/run/pg&port=6432&connect_timeout=3',
    ]) {
      assert.deepEqual(parseDatabaseUrl(describeDatabaseUrl(url)), { ...parseDatabaseUrl(url), password: '***' });
    }
  });

  test('a description shows the defaults, and no mask where there is no password', () => {
    const url = 'postgres://ada@db?sslmode=verify-full&sslrootcert=/etc/root.pem';
    assert.equal(
      describeDatabaseUrl(url),
      'postgresql://ada@db:5432/ada?sslmode=verify-full&sslrootcert=/etc/root.pem',
    );
  });
});

describe('sslmode, against a server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'clientele-tls-'));
  const files = {
    here: join(folder, 'here.pem'),
    elsewhere: join(folder, 'elsewhere.pem'),
    key: join(folder, 'key.pem'),
  };
  const here = makeCertificate('localhost');
  const elsewhere = makeCertificate('elsewhere.example');
  writeFileSync(files.here, here.certificate);
  writeFileSync(files.elsewhere, elsewhere.certificate);
  writeFileSync(files.key, here.key);

  // Says in its refusal how it was reached. It presents the certificate of the host that the user name asks for.
  const servers = { here: tlsServer(here), elsewhere: tlsServer(elsewhere) };
  before(async () => {
    for (const server of Object.values(servers)) await once(server.listen(0, 'localhost'), 'listening');
  });
  after(() => {
    for (const server of Object.values(servers)) server.close();
    rmSync(folder, { recursive: true });
  });

  async function reach(server: keyof typeof servers, query: string): Promise<string> {
    const { port } = servers[server].address() as AddressInfo;
    const client = new pg.Client(parseDatabaseUrl(`postgres://ada@localhost:${port}/crm${query}`));
    return client.connect().then(
      () => 'connected',
      (error) => (error.message.startsWith('reached') ? error.message : error.code),
    );
  }

  const root = `&sslrootcert=${files.here}`;
  const otherRoot = `&sslrootcert=${files.elsewhere}`;
  const cases: [server: keyof typeof servers, query: string, outcome: string][] = [
    ['here', '', 'reached in the clear'],
    ['here', '?sslmode=disable', 'reached in the clear'],
    ['here', `?sslmode=disable${otherRoot}`, 'reached in the clear'],
    ['here', '?sslmode=allow', 'reached in the clear'],
    ['here', '?sslmode=prefer', 'reached encrypted'],
    ['here', '?sslmode=require', 'reached encrypted'],
    ['elsewhere', '?sslmode=require', 'reached encrypted'],
    ['elsewhere', `?sslmode=require${otherRoot}`, 'reached encrypted'],
    ['elsewhere', `?sslmode=require${root}`, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['here', `?sslmode=verify-ca${root}`, 'reached encrypted'],
    ['elsewhere', `?sslmode=verify-ca${otherRoot}`, 'reached encrypted'],
    ['here', `?sslmode=verify-ca${otherRoot}`, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['here', `?sslmode=verify-full${root}`, 'reached encrypted'],
    ['elsewhere', `?sslmode=verify-full${otherRoot}`, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['here', `?sslmode=verify-full${otherRoot}`, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['here', '?sslmode=verify-full', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['here', '?sslrootcert=system', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['here', `?sslmode=require&sslcert=${files.here}&sslkey=${files.key}`, 'reached encrypted by localhost'],
  ];
  for (const [server, query, outcome] of cases) {
    test(`${server} ${query.replaceAll(`${folder}/`, '')}`, async () => {
      assert.equal(await reach(server, query), outcome);
    });
  }

  test('a socket is never encrypted', () => {
    assert.equal(parseDatabaseUrl('postgres:///crm?host=/run/pg&sslmode=require').ssl, false);
  });

  test('files that are no certificate or key are refused at once', () => {
    const url = 'postgres://db/crm?sslmode=verify-full';
    for (const query of [
      `&sslrootcert=${files.key}`,
      `&sslcert=${files.key}&sslkey=${files.key}`,
      `&sslcert=${files.elsewhere}&sslkey=${files.key}`,
    ]) {
      assert.throws(() => parseDatabaseUrl(url + query), { name: 'ConfigError', message: /PEM/ });
    }
  });

  test('a private key is not in what can be printed', () => {
    const url = `postgres://db/crm?sslmode=require&sslcert=${files.here}&sslkey=${files.key}`;
    assert.ok(!inspect(parseDatabaseUrl(url), { depth: null, showHidden: true }).includes('PRIVATE'));
  });
});

function tlsServer({ certificate, key }: { certificate: string; key: string }) {
  return createServer((socket) => {
    socket.on('error', () => {}); // a client that distrusts the certificate just leaves
    socket.once('data', (request) => {
      if (request.readInt32BE(4) !== 80877103) return refuse(socket, 'reached in the clear');
      socket.write('S');
      const options = { isServer: true, cert: certificate, key, requestCert: true, rejectUnauthorized: false };
      const secure = new TLSSocket(socket, options);
      secure.on('error', () => {});
      secure.once('data', () => {
        const client = secure.getPeerCertificate().subject?.CN;
        refuse(secure, client ? `reached encrypted by ${client}` : 'reached encrypted');
      });
    });
  });
}

/** PostgreSQL's ErrorResponse. */
function refuse(socket: Socket, message: string) {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C28000\0M${message}\0\0`);
  const head = Buffer.from('E....');
  head.writeInt32BE(fields.length + 4, 1);
  socket.end(Buffer.concat([head, fields]));
}

/** A self-signed X.509 certificate of version 1 (RFC 5280, section 4.1), so that no private key lies among the sources. */
function makeCertificate(commonName: string): { certificate: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = (tag: number, ...contents: Buffer[]): Buffer => {
    const content = Buffer.concat(contents);
    const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 255];
    return Buffer.concat([Buffer.from([tag, ...length]), content]);
  };
  const sequence = (...contents: Buffer[]) => der(0x30, ...contents);
  const ecdsaWithSha256 = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
  const commonNameId = der(0x06, Buffer.from('550403', 'hex'));
  const name = sequence(der(0x31, sequence(commonNameId, der(0x0c, Buffer.from(commonName)))));
  const validity = sequence(der(0x18, Buffer.from('20000101000000Z')), der(0x18, Buffer.from('29991231235959Z')));
  const serial = der(0x02, Buffer.from([1]));
  const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' });
  const body = sequence(serial, ecdsaWithSha256, name, validity, name, spki(publicKey));
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey));
  const base64 = sequence(body, ecdsaWithSha256, signature).toString('base64');
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}
