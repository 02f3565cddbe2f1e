// Mail: short plain texts, handed to the SMTP server of the configuration in the background. What cannot be sent is one
// line in the log, which names neither whom it was for nor what it said.
import { createTransport } from 'nodemailer';

export type Message = { to: string; subject: string; text: string };

export type Mail = {
  /** Sends a message as soon as it can be; nobody waits for that, and nobody hears of a failure but the log. */
  send(message: Message): void;
  /** Waits for what is on its way, so long at most, and gives up the rest. */
  close(ms: number): Promise<void>;
};

type MailLogger = { warn(line: object, message: string): void };

const AT_ONCE = 2;
/** Beyond this many that wait, further ones are given up: the server does not get through. */
const WAITING = 1000;
/** For each step of a conversation with an SMTP server. */
const STEP_MS = 10_000;

/**
 * Mail by an SMTP server: `smtps:` is encrypted from the beginning, `smtp:` after STARTTLS, which the server must offer unless
 * it is on this machine, or `?tls=never` says that mail may go in the clear.
 */
export function openMail(smtp_url: string, from: string, logger: MailLogger): Mail {
  const url = new URL(smtp_url);
  const secure = url.protocol === 'smtps:';
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const near = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/.test(hostname);
  const clear = url.search === '?tls=never';
  const transport = createTransport({
    host: hostname,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && !near && !clear,
    ignoreTLS: clear,
    auth:
      url.username === ''
        ? undefined
        : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
    connectionTimeout: STEP_MS,
    greetingTimeout: STEP_MS,
    socketTimeout: STEP_MS,
    dnsTimeout: STEP_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const waiting: Message[] = [];
  const under_way = new Set<Promise<void>>();
  let closed = false;

  function next(): void {
    while (under_way.size < AT_ONCE && waiting.length > 0) {
      const sending = deliver(waiting.shift()!).finally(() => {
        under_way.delete(sending);
        next();
      });
      under_way.add(sending);
    }
  }

  async function deliver(message: Message): Promise<void> {
    try {
      // An answering machine that minds RFC 3834 answers none of these.
      await transport.sendMail({ from, ...message, headers: { 'Auto-Submitted': 'auto-generated' } });
    } catch (error) {
      // The text of an SMTP server's refusal has the address in it, and so has the error's message.
      const { code, responseCode, command } = error as { code?: string; responseCode?: number; command?: string };
      logger.warn({ code, status: responseCode, step: command?.split(' ')[0] }, 'A mail could not be sent');
    }
  }

  return {
    send(message) {
      if (closed || waiting.length >= WAITING) {
        logger.warn({ code: closed ? 'CLOSED' : 'FULL' }, 'A mail could not be sent');
        return;
      }
      waiting.push(message);
      next();
    },
    async close(ms) {
      closed = true;
      const until = performance.now() + ms;
      while (under_way.size > 0 && performance.now() < until) {
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<void>((resolve) => {
          timer = setTimeout(resolve, until - performance.now());
        });
        await Promise.race([late, ...under_way]);
        clearTimeout(timer);
      }
      const lost = waiting.length + under_way.size;
      waiting.length = 0;
      if (lost > 0) logger.warn({ mails: lost }, 'The server stopped before all mail was sent');
      transport.close();
    },
  };
}
