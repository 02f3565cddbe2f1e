// Secrets that must be read again, as the database keeps them.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const CLEAR = 0;
const AES_256_GCM = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A secret as it is kept: encrypted with the key of the configuration, if there is one, and bound to what it belongs to, an
 * account or a webhook, so that whoever can write to the database cannot give one the secret of another.
 */
export function sealSecret(bytes: Buffer, owner_id: string, key: Buffer | null): Buffer {
  if (!key) return Buffer.concat([Buffer.of(CLEAR), bytes]);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(owner_id));
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([Buffer.of(AES_256_GCM), iv, cipher.getAuthTag(), sealed]);
}

/** Back from `sealSecret`. Throws where the key is another than it was, or missing. */
export function openSecret(kept: Buffer, owner_id: string, key: Buffer | null): Buffer {
  if (kept[0] === CLEAR) return kept.subarray(1);
  if (!key) throw new Error('A secret is encrypted: access.secrets_key is missing.');
  const [iv, tag] = [kept.subarray(1, 1 + IV_BYTES), kept.subarray(1 + IV_BYTES, 1 + IV_BYTES + TAG_BYTES)];
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(owner_id)).setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(kept.subarray(1 + IV_BYTES + TAG_BYTES)), decipher.final()]);
  } catch (error) {
    throw new Error('A secret cannot be decrypted: access.secrets_key is another than it was.', {
      cause: error,
    });
  }
}
