// An SMTP server, as far as a test needs one: takes mail, keeps it, and refuses or hangs when it is told to.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export type TestMail = { from: string; to: string[]; headers: Record<string, string>; text: string };
export type SmtpServer = {
  url: string;
  mails: TestMail[];
  /** Called at the beginning of each conversation; where it waits, the server hangs. */
  greet: () => Promise<void>;
  /** The answer to RCPT TO. */
  recipient: string;
  /** What EHLO offers. */
  offers: string[];
  /** All commands that came. */
  commands: string[];
  /** The mail that is the nth to come, as soon as it has. */
  nth(number: number): Promise<TestMail>;
  close(): Promise<void>;
};

export async function openSmtp(): Promise<SmtpServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.once('close', () => sockets.delete(socket));
    converse(socket, smtp).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const came = new EventTarget();
  const mails: TestMail[] = [];
  const smtp: SmtpServer & { take(mail: TestMail): void } = {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    greet: async () => {},
    recipient: '250 ok',
    offers: ['8BITMIME'],
    commands: [],
    take(mail) {
      mails.push(mail);
      came.dispatchEvent(new Event('mail'));
    },
    async nth(number) {
      while (mails.length < number)
        await new Promise((resolve) => came.addEventListener('mail', resolve, { once: true }));
      return mails[number - 1]!;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return smtp;
}

async function converse(socket: Socket, smtp: SmtpServer & { take(mail: TestMail): void }): Promise<void> {
  const say = (line: string) => socket.write(`${line}\r\n`);
  await smtp.greet();
  say('220 test');
  let envelope = { from: '', to: [] as string[] };
  let data: string[] | null = null;
  let rest = '';
  for await (const chunk of socket.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\r\n');
    rest = lines.pop()!;
    for (const line of lines) {
      if (data && line !== '.') {
        data.push(line.replace(/^\.\./, '.'));
        continue;
      }
      if (data) {
        smtp.take({ ...envelope, ...parsed(data) });
        envelope = { from: '', to: [] };
        data = null;
        say('250 taken');
        continue;
      }
      smtp.commands.push(line);
      const verb = line.slice(0, 4).toUpperCase();
      const address = /<(.*?)>/.exec(line)?.[1] ?? '';
      if (verb === 'EHLO')
        for (const [index, one] of ['test', ...smtp.offers].entries())
          say(`250${index < smtp.offers.length ? '-' : ' '}${one}`);
      else if (verb === 'MAIL') {
        envelope.from = address;
        say('250 ok');
      } else if (verb === 'RCPT') {
        envelope.to.push(address);
        say(smtp.recipient);
      } else if (verb === 'DATA') {
        data = [];
        say('354 go on');
      } else if (verb === 'AUTH') say('235 ok');
      else if (verb === 'STAR') say('454 not now');
      else if (verb === 'QUIT') {
        say('221 bye');
        socket.end();
      } else say('250 ok');
    }
  }
}

/** The headers, unfolded, and the text, out of its quoted-printable. */
function parsed(lines: string[]): Pick<TestMail, 'headers' | 'text'> {
  const end = lines.indexOf('');
  const unfolded = lines
    .slice(0, end)
    .join('\n')
    .replaceAll(/\n[ \t]+/g, ' ')
    .split('\n');
  const headers = Object.fromEntries(
    unfolded.map((line) => [line.split(':')[0]!.toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );
  const body = lines.slice(end + 1).join('\n');
  const coding = headers['content-transfer-encoding'];
  if (coding === 'base64') return { headers, text: Buffer.from(body, 'base64').toString() };
  if (coding !== 'quoted-printable') return { headers, text: body };
  const bytes = body
    .replaceAll('=\n', '')
    .replaceAll(/=([\dA-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return { headers, text: Buffer.from(bytes, 'latin1').toString() };
}
