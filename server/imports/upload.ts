// A file as it arrives: the body itself, or the first file of a form (RFC 7578).
import { PassThrough, type Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import type { Call } from '../http.ts';
import { Problem } from '../problem.ts';

export type Upload = { source: AsyncIterable<Uint8Array>; filename: string | undefined };

export async function uploadOf({ headers, body }: Call): Promise<Upload> {
  const source = body as Readable;
  const type = headers['content-type'] ?? '';
  if (!/^multipart\/form-data\b/i.test(type)) return { source, filename: undefined };
  return fileOfForm(source, type);
}

const malformed = () => new Problem(400, 'bad_request', 'The form is not valid, or was cut off.');

function fileOfForm(source: Readable, type: string): Promise<Upload> {
  return new Promise((resolve, reject) => {
    let form: InstanceType<typeof Busboy>;
    try {
      form = new Busboy({ headers: { 'content-type': type }, limits: { files: 1, fields: 20, fieldSize: 65_536 } });
    } catch {
      throw malformed();
    }
    const file = new PassThrough();
    file.on('error', () => {}); // whoever reads it is told as well
    let found = false;
    const fail = (error: Error) => {
      reject(error);
      file.destroy(error);
    };
    form.on('file', (_field, stream, filename) => {
      found = true;
      stream.on('error', fail);
      stream.pipe(file);
      resolve({ source: file, filename: filename || undefined });
    });
    form.on('error', () => fail(malformed()));
    form.on('finish', () => {
      if (!found) fail(new Problem(400, 'no_file', 'The form holds no file.'));
    });
    source.on('error', fail);
    source.pipe(form);
  });
}
