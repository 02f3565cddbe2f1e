// Commands that go over HTTP: with a key, like any other caller, from wherever the server can be reached.
import { type Clientele, createClient, Problem } from '#client/clientele.ts';
import { usageError } from './options.ts';

/** Gives the exit code: 1 where the server refused, which is then told on stderr. */
export async function withServer(use: (clientele: Clientele) => Promise<void>): Promise<number> {
  const clientele = connect();
  try {
    await use(clientele);
    return 0;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    report(error);
    return 1;
  }
}

function connect(): Clientele {
  const { CLIENTELE_URL: url = 'http://127.0.0.1:4000', CLIENTELE_KEY: key } = process.env;
  if (!key) {
    const make = 'npx clientele keys create --role editor --name "My key"';
    throw usageError(`CLIENTELE_KEY is not set. It holds an API key, which this makes: ${make}`);
  }
  try {
    return createClient({ url, key });
  } catch (error) {
    throw usageError(`CLIENTELE_URL or CLIENTELE_KEY is wrong. ${(error as Error).message}`);
  }
}

/** What was refused, and each field on a line of its own; a sole field says it all. */
function report({ detail, errors }: Problem): void {
  const fields = errors.map((error) => {
    const holder = error.conflict ? ` It is ${error.conflict.id}.` : '';
    return `${error.pointer.replace(/^\//, '')}: ${error.detail}${holder}`;
  });
  const lines = errors.length === 1 && errors[0]!.detail === detail ? fields : [detail, ...fields];
  for (const [index, line] of lines.entries())
    console.error(`${index === 0 ? 'clientele: ' : '  '}${line.replaceAll(/\p{C}/gu, '\ufffd')}`);
}
