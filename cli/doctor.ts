// A look at the whole installation, straight at the database: it needs no key, and works whether or not the server runs.
import type { Config } from '#server/config.ts';
import { openToLook } from '#server/configured-database.ts';
import { examine, type Finding, type NotedHead } from '#server/doctor/doctor.ts';
import type { Command } from './command.ts';
import { options, usageError } from './options.ts';
import { counted } from './progress.ts';

const USAGE = `[--workspace <slug>] [--head <slug>:<position>:<head>]... [--json]

  --workspace   Only the data of this workspace; of all when left out.
  --head      A head that was printed and noted earlier: it must still be part of the log's seals.
  --json        A line of JSON for each finding.

Changes nothing, and may run while the server does. Exits with 1 where something is wrong; docs/doctor.md tells what
each finding means.`;

export const doctorCommands: Command[] = [
  {
    name: 'doctor',
    usage: USAGE,
    summary: 'Look whether everything is set up well, and nothing was changed past the server.',
    run,
  },
];

async function run(words: string[], config: Config): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = options(words, {
    workspace: text,
    head: { ...text, multiple: true },
    json: { type: 'boolean', default: false },
  });
  const heads = (values.head ?? []).map(readHead);
  if (values.workspace !== undefined && heads.some(({ workspace }) => workspace !== values.workspace))
    throw usageError('--head is of another workspace than --workspace.');
  const opened = await openToLook(config);
  let wrong = 0;
  try {
    await examine({ ...opened, config }, { workspace: values.workspace, heads }, (finding) => {
      if (finding.status === 'wrong') wrong++;
      console.log(values.json ? JSON.stringify(finding) : lineOf(finding));
    });
  } finally {
    await opened.close();
  }
  if (!values.json)
    console.error(wrong === 0 ? 'Nothing is wrong.' : `${counted(wrong, 'finding')} of something wrong.`);
  return wrong === 0 ? 0 : 1;
}

function readHead(given: string): NotedHead {
  const [, workspace, position, head] = /^([^:]+):(\d{1,15}):([0-9a-f]{64})$/.exec(given) ?? [];
  if (!workspace || !position || !head)
    throw usageError('--head must be <slug>:<position>:<head>, as doctor printed it.');
  return { workspace, position: Number(position), head };
}

// Control characters would let a stored text steer the terminal.
const lineOf = ({ check, status, message }: Finding) =>
  `${(status === 'wrong' ? 'WRONG' : status).padEnd(6)}  ${check.padEnd(14)}  ${message.replaceAll(/\p{C}/gu, '\ufffd')}`;
