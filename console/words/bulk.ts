import { figure } from '../ui/figures.ts';

const customers = (count: number) => `${figure(count)} ${count === 1 ? 'customer' : 'customers'}`;

export const bulk = {
  label: 'What to do with the selection',
  selected: (count: number | null) => (count === null ? 'All that match are selected' : `${figure(count)} selected`),
  activate: 'Activate',
  deactivate: 'Deactivate',
  setField: 'Set a field…',
  delete: 'Delete…',
  clear: 'Clear selection',
  counting: 'Counting whom it is about…',
  customers,
  tooMany: (most: number) =>
    `At most ${figure(most)} customers can be chosen one by one. Choose all that match instead.`,
  nobody: 'Nobody matches any more, so there is nothing to do.',
  confirm: {
    activate: {
      title: (count: string) => `Activate ${count}?`,
      body: 'Those who are active already stay as they are.',
      run: (count: string) => `Activate ${count}`,
    },
    deactivate: {
      title: (count: string) => `Deactivate ${count}?`,
      body: 'Those who are inactive already stay as they are.',
      run: (count: string) => `Deactivate ${count}`,
    },
    delete: {
      title: (count: string) => `Delete ${count}?`,
      body: 'They leave every list, and their emails and external ids become free. Each can be restored, and Undo brings all of them back.',
      run: (count: string) => `Delete ${count}`,
    },
    update: {
      title: (count: string) => `Set a field of ${count}`,
      body: 'All of them get the same value. Undo puts the former ones back.',
      run: (count: string) => `Change ${count}`,
    },
  },
  some: 'customers',
  field: 'Field',
  value: 'New value',
  empty: 'Empty the field',
  emptyOnly: 'No two customers may have the same external id, so it can only be emptied.',
  fields: {
    phone: 'Phone',
    first_name: 'First name',
    last_name: 'Last name',
    external_id: 'External id',
  },
};

export const exporting = {
  button: 'Export',
  title: 'Export customers',
  format: 'Format',
  csv: 'CSV, for spreadsheets and for importing again',
  jsonl: 'JSON lines, for programs, with every field',
  all: 'All customers that the list shows now are in the file, however many.',
  count: (count: number, exact: boolean) => `${exact ? '' : 'More than '}${customers(count)} will be in the file.`,
  formulas:
    'In CSV, a cell that a spreadsheet would run as a formula has an apostrophe before it; an import takes it off.',
  download: 'Download',
  begun: 'The download has begun. Your browser keeps the file with its other downloads.',
};
