import { figure } from '../ui/figures.ts';

const rows = (count: number) => `${figure(count)} ${count === 1 ? 'row' : 'rows'}`;
const customers = (count: number) => `${figure(count)} ${count === 1 ? 'customer' : 'customers'}`;

export const imports = {
  title: 'Imports',
  intro:
    'Customers from a file. It is looked through as a whole first, which changes nothing, and whatever an import did can be undone.',
  rows,

  // Choosing a file
  drop: 'Drop a CSV file here',
  dropMore: 'Up to 2 GiB, its first line naming the columns. From Excel or another spreadsheet: save as CSV (UTF-8).',
  choose: 'Choose a file',
  another: 'Choose another file',
  onlyOne: 'One file at a time. Drop a single CSV file.',
  noFile: 'That was no file. Drop a CSV file, or choose one.',
  tooLarge: (size: string) => `The file has ${size}, and 2 GiB is the most. Split it into several files.`,
  unreadable: 'The browser cannot read this file any more. It may have been changed or moved; choose it again.',
  uploading: (filename: string) => `Uploading ${filename}`,
  look: 'Look at it',
  sent: (sent: string, total: string) => `${sent} of ${total}`,
  received: 'The server takes it in…',
  stopUpload: 'Stop the upload',
  uploadFailed: (filename: string) => `${filename} was not taken`,
  lost: 'The connection broke off. Nothing was imported, and the file is still chosen: try again.',

  // The list
  file: 'File',
  by: 'Imported by',
  when: 'When',
  state: 'State',
  outcome: 'Outcome',
  actions: 'Actions',
  none: 'No file was imported yet',
  noneMore: 'Imports appear here, with what they did and a way to take them back.',
  more: 'Show more',
  list: 'All imports',
  states: {
    unmapped: 'Columns to be said',
    checking: 'Being checked',
    checked: 'Ready to import',
    running: 'Importing',
    done: 'Done',
    cancelled: 'Stopped',
    failed: 'Failed',
    undone: 'Undone',
  },

  // One import
  back: 'All imports',
  unknown: 'There is no such import here. It may belong to another workspace.',
  uploadedBy: (name: string, when: string) => `Uploaded by ${name}, ${when}`,
  steps: { label: 'Steps', file: 'File', columns: 'Columns', check: 'Check', run: 'Import' },
  checking: 'Looking through the whole file…',
  checkingNote: 'Nothing is changed. You may leave this page; the server goes on.',
  reconnecting: 'The connection is lost. The server goes on, and this page catches up when it is back.',

  announced: {
    unmapped: 'Say which column fills which field.',
    checking: 'The file is being checked.',
    checked: 'The file is checked.',
    running: 'The import is under way.',
    done: 'The import is done.',
    cancelled: 'The import was stopped.',
    failed: 'The import has failed.',
  },

  lookOnly: 'Your role in this workspace is to look on; an editor decides about this import.',

  // How it is read
  reading: 'How the file is read',
  unmappedNote: 'It cannot be told which column is which. Say which one fills which field.',
  encoding: 'Encoding',
  encodings: {
    'utf-8': 'UTF-8',
    'utf-16le': 'UTF-16 (little-endian)',
    'utf-16be': 'UTF-16 (big-endian)',
    'windows-1252': 'Windows-1252 (Western European)',
  },
  delimiter: 'Cells are separated by',
  delimiters: { ',': 'Commas', ';': 'Semicolons', '\t': 'Tabs', '|': 'Bars' },
  match: 'A row is about a known customer if it has the same',
  matches: { email: 'Email', external_id: 'External id' },
  column: 'Column',
  samples: 'First values',
  field: 'Field',
  rule: 'Of known customers',
  noField: 'Not imported',
  fields: {
    first_name: 'First name',
    last_name: 'Last name',
    email: 'Email',
    phone: 'Phone',
    is_active: 'Active',
    external_id: 'External id',
    created_at: 'Created at',
  },
  rules: { overwrite: 'Overwrite', only_if_empty: 'Fill if empty', leave: 'Leave as it is' },
  fieldOf: (column: string) => `Field that ${column} fills`,
  ruleOf: (column: string) => `What ${column} does to known customers`,
  blank: '(no name)',
  noSample: 'empty',
  twice: (field: string) => `Two columns cannot both be ${field}.`,
  needed: (field: string) => `A column must be ${field}, since known customers are told by it.`,
  namesMissing:
    'Without first and last name, only customers who are known already are updated; other rows are refused.',
  moreColumns: (count: number) => `Show ${figure(count)} more columns`,
  check: 'Check the file again',
  changed: 'The columns have changed since the file was checked.',
  remembered: 'A file with the same columns was imported before. Its fields are chosen as they were then.',

  // What would become of it
  found: 'What importing it would do',
  counts: {
    create: 'New customers',
    update: 'Changed customers',
    unchanged: 'Unchanged',
    refuse: 'Refused rows',
    created: 'Created',
    updated: 'Updated',
    refused: 'Refused',
  },
  reasons: 'Why rows are refused',
  reason: 'Reason',
  rowsHead: 'Rows',
  lines: 'Lines',
  moreLines: (lines: string) => `${lines}, …`,
  moreReasons: (count: number) => `Show ${figure(count)} more reasons`,
  refusedNote:
    'Refused rows are left out; afterwards they can be downloaded, each with its reason, corrected and imported.',
  run: (count: number) => `Import ${rows(count)}`,
  runForRefused: 'Run it for the file of refused rows',
  nothing: 'There is nothing to import: every row is known already, or refused.',
  discard: 'Discard',

  // The run
  running: (filename: string) => `Importing ${filename}`,
  pace: (count: number) => `${rows(count)} a second`,
  left: (time: string) => `${time} left`,
  done: (done: number, total: number) => `${figure(done)} of ${rows(total)}`,
  stop: 'Stop',
  stopNote: 'What is imported by then stays, and can be undone. You may leave this page; the import goes on.',

  // The end
  result: 'What it did',
  endedDone: (count: number) => `The file is imported: ${customers(count)} created or changed.`,
  endedCancelled: (count: number) =>
    count === 0
      ? 'It was stopped before anything was imported.'
      : `It was stopped after ${customers(count)}. They stay. To go on, import the file again: what is done is unchanged then.`,
  endedFailed: (count: number) =>
    count === 0
      ? 'It ended before anything was imported.'
      : `It ended after ${customers(count)}. They stay. To go on, import the file again: what is done is unchanged then.`,
  rejected: (count: number) => `Download ${rows(count)} that ${count === 1 ? 'was' : 'were'} refused`,
  rejectedNote: 'With their own columns and the reason of each. Once corrected, the file can be imported as it is.',
  undo: 'Undo this import',
  undoing: 'Taking it back…',
  undone: (changed: number, kept: number) =>
    `It was taken back: ${customers(changed)} as before${kept > 0 ? `, ${figure(kept)} left as they were since they were changed meanwhile` : ''}.`,
  undoFailed: 'Taking it back was stopped before its end.',
  keptList: 'What was left as it was',
  seeCustomers: 'Go to the customers',

  // Refusals, and what to do
  refusals: {
    file_elsewhere:
      'The file lies with another server, or was removed after 30 days. Nothing is lost that was imported. Upload the file again to go on.',
    too_late: 'Somebody has run or stopped this import meanwhile. This is how it stands now.',
    still_running: 'The file is still being checked. Wait until that is done.',
    unmapped: 'Say first which column fills which field.',
  } as Record<string, string>,
};
