// What may be asked from here: the public Internet, and what the configuration allows; never what lies behind the server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcp, isIP, type LookupFunction } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { isPublic } from './addresses.ts';
import { openEgress, type Question } from './egress.ts';

const QUESTION: Question = { method: 'POST', headers: {}, body: 'x', answer_bytes: 1000 };

describe('an address is', () => {
  test('public where it is anybody’s', () => {
    for (const address of ['8.8.8.8', '1.1.1.1', '223.255.255.255', '2606:4700:4700::1111', '2a00:1450:4001:81b::200e'])
      assert.equal(isPublic(address), true, address);
  });

  test('not where it is of this machine, link or network, reserved, for documentation, or another in disguise', () => {
    for (const address of [
      '0.0.0.0 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.255 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8',
      '192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.9 224.0.0.1 240.0.0.1 255.255.255.255',
      ':: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::7f00:1 64:ff9b::a00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 fe80::1 fec0::1',
      'fc00::1 fdff::1 ff02::1 2001::1 2001:0:1::1 2001:db8::1 2002:a00:1:: 2002:808:808:: 3fff::1 5f00::1 ::ffff:0:7f00:1',
    ].flatMap((line) => line.split(' ')))
      assert.equal(isPublic(address), false, address);
    assert.equal(isPublic('localhost'), false);
  });

  test('not public in any form that holds a private one', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const address = fc.tuple(fc.constantFrom('10', '127', '192.168', '169.254', '172.16'), byte, byte, byte);
    fc.assert(
      fc.property(address, ([head, ...rest]) => {
        const dotted = [...head.split('.'), ...rest].slice(0, 4).join('.');
        const [a, b, c, d] = dotted.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
        const hex = `${a}${b}:${c}${d}`;
        for (const form of [
          dotted,
          `::ffff:${dotted}`,
          `::${dotted}`,
          `64:ff9b::${hex}`,
          `2002:${hex}::1`,
          `2001:0:${hex}::`,
        ])
          assert.equal(isPublic(form), false, form);
      }),
    );
  });
});

describe('a URL is refused before anybody is asked', () => {
  const egress = openEgress(['receiver.internal', '127.0.0.1:9000', '10.1.0.0/16', 'localhost:8080']);
  after(() => egress.close());
  const each = (expected: string | null, urls: string[]) => {
    for (const url of urls) assert.equal(egress.refusalOf(url), expected, url);
  };

  test('where it is none, or has a secret in it', () => {
    each('must be an https URL', [
      '',
      'x',
      'ftp://example.com',
      'file:///etc/passwd',
      'http://example.com',
      'javascript:1',
    ]);
    each('must be without user and password', ['https://ada@example.com', 'https://:x@example.com']);
  });

  test('where its host lies inside, however it is written', () => {
    each('must lie in the public Internet', [
      'https://127.0.0.1/',
      'https://2130706433/',
      'https://0x7f.1/',
      'https://0177.0.0.1/',
      'https://[::1]/',
      'https://[::ffff:7f00:1]/',
      'https://169.254.169.254/latest/meta-data',
      'https://localhost/',
      'https://localhost./',
      'https://a.localhost/',
      'https://db/',
      'https://db.internal/',
      'https://printer.local/',
      'https://127.0.0.1:9001/',
      'https://10.2.0.1/',
      'https://localhost:8081',
    ]);
  });

  test('but not where the configuration allows it, then over http too', () => {
    each(null, [
      'https://example.com/hook?x=1',
      'http://receiver.internal/',
      'https://RECEIVER.internal:8443/',
      'http://127.0.0.1:9000/x',
      'http://10.1.200.3/',
      'http://localhost:8080/',
    ]);
  });
});

describe('a request', () => {
  let server: Server;
  let port: number;
  let answer: RequestListener = (_request, response) => response.end('thanks');
  const egress = () => openEgress([`localhost:${port}`, `127.0.0.1:${port}`]);
  before(async () => {
    server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close());
  afterEach(() => {
    server.closeAllConnections();
  });

  test('is sent as it is, and its answer read as far as is wanted', async () => {
    answer = async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      response
        .writeHead(201, { 'x-seen': `${request.method} ${request.headers['x-a']} ${body}` })
        .end('y'.repeat(5000));
    };
    const out = egress();
    const url = `http://127.0.0.1:${port}/hook`;
    const { status, headers, body, truncated } = await out.ask(url, { ...QUESTION, headers: { 'x-a': 'b' } });
    assert.deepEqual([status, headers['x-seen'], body.length, truncated], [201, 'POST b x', 1000, true]);
    const whole = await out.ask(url, { ...QUESTION, answer_bytes: 5000 });
    assert.deepEqual([whole.body.length, whole.truncated], [5000, false]);
    out.close();
  });

  test('goes nowhere else by a redirect', async () => {
    let asked = 0;
    answer = (_request, response) => {
      asked++;
      response.writeHead(307, { location: `http://127.0.0.1:${port}/other` }).end();
    };
    const out = egress();
    assert.equal((await out.ask(`http://127.0.0.1:${port}/`, QUESTION)).status, 307);
    assert.equal(asked, 1);
    out.close();
  });

  test('is not made where a name turns out to stand for an address inside, whatever it stood for before', async () => {
    for (const inside of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '169.254.169.254', '64:ff9b::7f00:1'])
      for (const others of [[], ['93.184.216.34']]) {
        let asked = 0;
        const addresses = [...others, inside].map((address) => ({ address, family: isIP(address) }));
        const lookup: LookupFunction = (_name, { all }, callback) => {
          asked++;
          assert.equal(all, true);
          callback(null, addresses);
        };
        const out = openEgress([], { lookup });
        await assert.rejects(out.ask('https://rebound.example.com/', QUESTION), { code: 'egress_refused' });
        assert.equal(asked, 1);
        out.close();
      }
  });

  test('reaches a name that stands for a range which is allowed', async () => {
    answer = (_request, response) => response.end('in');
    const lookup: LookupFunction = (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]);
    const out = openEgress(['127.0.0.0/8', 'inside.example.com:1'], { lookup });
    await assert.rejects(out.ask(`http://inside.example.com:${port}/`, QUESTION), { code: 'egress_refused' });
    assert.equal((await out.ask(`http://127.0.0.1:${port}/`, QUESTION)).status, 200);
    out.close();
  });

  test('is given up by whoever asked, and by itself when nothing comes', async () => {
    const silent = createTcp(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const at = (silent.address() as AddressInfo).port;
    const out = openEgress([`127.0.0.1:${at}`], { timeout_ms: 200 });
    const leaving = new AbortController();
    const asked = out.ask(`http://127.0.0.1:${at}/`, { ...QUESTION, signal: leaving.signal });
    leaving.abort();
    await assert.rejects(asked, { name: 'AbortError' });
    await assert.rejects(out.ask(`http://127.0.0.1:${at}/`, QUESTION), { code: 'timeout' });
    out.close();
    silent.close();
  });
});
