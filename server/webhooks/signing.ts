// Messages as Standard Webhooks 1.0 has them: what is signed, with what, and in which headers.
import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
/** The specification asks for 24 to 64. */
const SECRET_BYTES = 32;

export const newSecret = (): Buffer => randomBytes(SECRET_BYTES);

/** A secret as whoever receives keeps it. */
export const textOfSecret = (secret: Buffer): string => PREFIX + secret.toString('base64');

export type Message = { id: string; type: string; at: string; data: object };

export const bodyOf = ({ type, at, data }: Message): string => JSON.stringify({ type, timestamp: at, data });

/** The headers of a message that is sent now, signed with each of the secrets. */
export function headersOf(id: string, body: string, secrets: Buffer[], now_ms: number): Record<string, string> {
  const timestamp = String(Math.floor(now_ms / 1000));
  const signatureOf = (secret: Buffer) =>
    `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  return {
    'content-type': 'application/json',
    'user-agent': 'Clientele',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map(signatureOf).join(' '),
  };
}
