// Mail, by a real SMTP conversation with a server that behaves or does not.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openTestLog, type TestLog } from '../test/support/log.ts';
import { openSmtp, type SmtpServer } from '../test/support/smtp.ts';
import { type Mail, openMail } from './mail.ts';

let smtp: SmtpServer;
let log: TestLog;
let mail: Mail;
beforeEach(async () => {
  smtp = await openSmtp();
  log = openTestLog();
  mail = openMail(smtp.url, 'Customers <crm@example.com>', log.logger);
});
afterEach(async () => {
  await mail.close(0);
  await smtp.close();
});

const message = { to: 'ada@example.com', subject: 'Grüße', text: 'A line.\n.\nhttps://crm.example.com/link#x=1\n' };

describe('a message', () => {
  test('arrives as it was written, as plain text, and says that a machine made it', async () => {
    mail.send(message);
    const { from, to, headers, text } = await smtp.nth(1);
    assert.deepEqual([from, to], ['crm@example.com', ['ada@example.com']]);
    assert.equal(text.trimEnd(), message.text.trimEnd());
    assert.equal(headers.from, 'Customers <crm@example.com>');
    assert.equal(headers.to, 'ada@example.com');
    assert.equal(headers.subject, '=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=');
    assert.match(headers['content-type']!, /^text\/plain; charset=utf-8$/);
    assert.equal(headers['auto-submitted'], 'auto-generated');
  });

  test('has one recipient, whatever stands in its subject', async () => {
    mail.send({ ...message, subject: 'x\r\nBcc: eve@example.com\r\n\r\nHello' });
    const { to, headers } = await smtp.nth(1);
    assert.deepEqual(to, ['ada@example.com']);
    assert.equal(headers.bcc, undefined);
  });

  test('that is refused is a line in the log without the address, and the next one is sent', async () => {
    smtp.recipient = '550 no ada@example.com here';
    mail.send(message);
    await log.until(/could not be sent/);
    smtp.recipient = '250 ok';
    mail.send(message);
    await smtp.nth(1);
    assert.doesNotMatch(log.text(), /ada|Gr|link/);
    const line = log.lines().find(({ msg }) => msg === 'A mail could not be sent')!;
    assert.deepEqual([line.code, line.status, line.step], ['EENVELOPE', 550, 'RCPT']);
  });

  test('for which there is nobody is a line in the log', async () => {
    const { url } = smtp;
    await smtp.close();
    smtp = await openSmtp();
    const lost = openMail(url, 'crm@example.com', log.logger);
    lost.send(message);
    await log.until(/could not be sent/);
    await lost.close(0);
  });
});

describe('a server that hangs', () => {
  test('holds nobody up, and gets all that has waited when it goes on', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    smtp.greet = () => promise;
    for (let i = 0; i < 5; i++) mail.send(message);
    const closing = mail.close(60_000);
    resolve();
    await closing;
    assert.equal(smtp.mails.length, 5);
    assert.equal(log.text(), '');
  });

  test('is given up when the server stops, and the log says how many were lost', async () => {
    smtp.greet = () => new Promise(() => {});
    for (let i = 0; i < 5; i++) mail.send(message);
    await mail.close(1);
    assert.equal(log.lines().find(({ msg }) => /stopped before/.test(msg))!.mails, 5);
    mail.send(message);
    assert.equal(log.lines().at(-1)!.code, 'CLOSED');
  });
});

describe('encryption', () => {
  test('is begun where it is offered', async () => {
    smtp.offers = ['STARTTLS'];
    mail.send(message);
    await log.until(/could not be sent/); // it is offered, but not there
    assert.ok(smtp.commands.includes('STARTTLS'));
    assert.equal(smtp.mails.length, 0);
  });

  test('must be offered by another machine, unless mail may go in the clear', async () => {
    // This machine by a name that does not say so.
    const other = smtp.url.replace('127.0.0.1', '[::ffff:127.0.0.1]');
    const strict = openMail(other, 'crm@example.com', log.logger);
    strict.send(message);
    await log.until(/could not be sent/);
    assert.deepEqual(
      smtp.commands,
      ['EHLO', 'STARTTLS'].map((verb) => smtp.commands.find((one) => one.startsWith(verb))),
    );
    assert.equal(smtp.mails.length, 0);
    await strict.close(0);
    const clear = openMail(`${other}?tls=never`, 'crm@example.com', log.logger);
    clear.send(message);
    await smtp.nth(1);
    await clear.close(0);
  });

  test('a name and a password are sent as they are, not as the URL writes them', async () => {
    smtp.offers = ['AUTH PLAIN'];
    const url = smtp.url.replace('//', `//crm%40example.com:${encodeURIComponent('a:b/ü')}@`);
    const named = openMail(url, 'crm@example.com', log.logger);
    named.send(message);
    await smtp.nth(1);
    const [, , given] = smtp.commands.find((one) => one.startsWith('AUTH'))!.split(' ');
    assert.equal(Buffer.from(given!, 'base64').toString(), '\0crm@example.com\0a:b/ü');
    await named.close(0);
  });
});
