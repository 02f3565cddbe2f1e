// The customers every measurement uses: `node bench/dataset.ts 1000000 > customers.csv`
//
// * Deterministic: one stream of random numbers, rows in order; the first 1,000 rows of a million are the set of 1,000.
// * First and last names are drawn independently, Zipf-like: the most frequent is about 2.5 % of the rows, the least
//   frequent about 0.02 %.
// * The email is first.last<row number>@domain, so it is unique; its domains are reserved for examples.
// * created_at rises by 150 s a row, plus jitter, from 2021-01-01: a million rows end in 2025.
import { once } from 'node:events';
import { firstNames, lastNames } from './names.ts';

export type Row = {
  first_name: string;
  last_name: string;
  email: string;
  phone: string;
  is_active: boolean;
  created_at: string;
};

const defaultSeed = 20250101;

/** The rows 1 to n. */
export function* rows(n: number, seed = defaultSeed): Generator<Row> {
  const random = randomNumbers(seed);
  const drawFirst = zipf(firstNames.length, random);
  const drawLast = zipf(lastNames.length, random);
  const drawDomain = zipf(domains.length, random, 1, 1.2);
  const firstPart = firstNames.map(addressPart);
  const lastPart = lastNames.map(addressPart);
  for (let row = 1; row <= n; row++) {
    const first = drawFirst();
    const last = drawLast();
    const domain = domains[drawDomain()];
    yield {
      first_name: firstNames[first]!,
      last_name: lastNames[last]!,
      email: `${firstPart[first]}.${lastPart[last]}${row}@${domain}`,
      phone: drawPhone(random),
      is_active: random() < 0.9,
      created_at: new Date(startOfTime + row * 150_000 + below(149_999, random)).toISOString(),
    };
  }
}

export function* batches<T>(items: Iterable<T>, size: number) {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Search terms by how many of a million rows they match. */
export function terms(n = 1_000_000, seed = defaultSeed) {
  const head = Math.min(n, 20_000);
  const random = randomNumbers(7);
  const picked = new Set<number>();
  while (picked.size < Math.min(60, head)) picked.add(1 + below(head, random));
  const one: string[] = []; // one row each, or a few: part of an email with its number, or a phone number
  let number = 0;
  for (const row of rows(head, seed)) {
    number++;
    if (picked.has(number)) one.push(number % 3 ? row.email.split('@')[0]! : row.phone.replace(/^\+/, ''));
  }
  return {
    one,
    hundreds:
      'lindqvist okafor whitfield dijkstra katarzyna wiremu sinclair gallagher saoirse mukherjee penelope theodore'.split(
        ' ',
      ),
    tensOfThousands: ['smith', 'maria', 'james'],
    hundredsOfThousands: ['com', 'example'],
    none: ['zzqxv', 'qqqqq'],
    oneLetter: ['a', 'q', 'x', 'z'],
    twoLetters: ['an', 'wu', 'xq', '55'],
    words: ['maria smith', 'jo zw', 'smith example', 'anna 555'],
  };
}

/** `phoneOf` writes other phones than those of the set. */
export async function writeCsv(
  n: number,
  out: NodeJS.WritableStream,
  phoneOf: (row: Row) => string = ({ phone }) => phone,
) {
  let text = 'first_name,last_name,email,phone,is_active,created_at\n';
  for (const row of rows(n)) {
    text += `${row.first_name},${row.last_name},${row.email},${phoneOf(row)},${row.is_active ? 't' : 'f'},${row.created_at}\n`;
    if (text.length < 1 << 18) continue;
    if (!out.write(text)) await once(out, 'drain');
    text = '';
  }
  out.write(text);
}

/** Mulberry32: numbers from 0 up to 1, the same on every machine. */
export function randomNumbers(seed: number) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Draws 0 to n - 1 with weights 1 / (rank + shift) ** exponent. */
function zipf(n: number, random: () => number, shift = 6, exponent = 0.95) {
  const cumulated = new Float64Array(n);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += 1 / (i + 1 + shift) ** exponent;
    cumulated[i] = sum;
  }
  // where to begin looking for each 4096th part, so that a draw takes a step or two
  const guide = new Uint16Array(4096);
  for (let part = 0, i = 0; part < 4096; part++) {
    while (cumulated[i]! < (part / 4096) * sum) i++;
    guide[part] = i;
  }
  return () => {
    const drawn = random();
    let i = guide[(drawn * 4096) | 0]!;
    while (cumulated[i]! < drawn * sum) i++;
    return i;
  };
}

function drawPhone(random: () => number) {
  const kind = random();
  if (kind < 0.4) return `+1${200 + below(790, random)}${digits(7, random)}`;
  if (kind < 0.6) return `${200 + below(790, random)}-${digits(3, random)}-${digits(4, random)}`;
  if (kind < 0.75) return `(${200 + below(790, random)}) ${digits(3, random)}-${digits(4, random)}`;
  const country = [44, 49, 33, 34, 39, 48, 31, 46][below(8, random)];
  return `+${country}${1 + below(9, random)}${digits(8, random)}`;
}

function digits(count: number, random: () => number) {
  let text = '';
  for (let i = 0; i < count; i++) text += below(10, random);
  return text;
}

function below(limit: number, random: () => number) {
  return (random() * limit) | 0;
}

const startOfTime = Date.UTC(2021, 0, 1);

const domains = [
  'example.com',
  'mail.example.com',
  'example.org',
  'example.net',
  'post.example.org',
  'acme.example',
  'globex.example',
  'initech.example',
  'umbrella.example',
  'hooli.example',
  'stark.example',
  'wayne.example',
];

/** A name as it stands in an email address. */
export function addressPart(name: string) {
  const spelled = spelling[name];
  if (spelled) return spelled;
  return name
    .toLowerCase()
    .replace(/[øłßıđæå]/g, (letter) => latin[letter]!)
    .normalize('NFD')
    .replace(/[^a-z]/g, '');
}

const latin: Record<string, string> = { ø: 'o', ł: 'l', ß: 'ss', ı: 'i', đ: 'd', æ: 'ae', å: 'a' };

const spelling: Record<string, string> = {
  Мария: 'maria',
  Иван: 'ivan',
  Сергей: 'sergei',
  Анна: 'anna',
  Ольга: 'olga',
  Иванов: 'ivanov',
  Петрова: 'petrova',
  Смирнов: 'smirnov',
  伟: 'wei',
  芳: 'fang',
  娜: 'na',
  静: 'jing',
  王: 'wang',
  李: 'li',
  张: 'zhang',
};

if (process.argv[1] === import.meta.filename) {
  const n = Number(process.argv[2] ?? 1000);
  if (!Number.isInteger(n) || n < 0) {
    console.error('node bench/dataset.ts ROWS > customers.csv');
    process.exit(2);
  }
  process.stdout.on('error', () => process.exit()); // the reader has seen enough
  await writeCsv(n, process.stdout);
}
