import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guessColumns } from './guess.ts';

/** Which heading each field was given to. */
function guessed(...cells: string[]): Record<string, string> {
  const columns = guessColumns(cells);
  assert.deepEqual(
    columns.map(({ name }) => name),
    cells.map((cell) => cell.trim()),
  );
  return Object.fromEntries(columns.filter(({ field }) => field).map(({ name, field }) => [field, name]));
}

const EXPORTS: Record<string, [header: string, fields: Record<string, string>]> = {
  Clientele: [
    'id,first_name,last_name,full_name,email,phone,phone_e164,is_active,external_id,version,created_at,updated_at',
    {
      first_name: 'first_name',
      last_name: 'last_name',
      email: 'email',
      phone: 'phone',
      is_active: 'is_active',
      external_id: 'external_id',
      created_at: 'created_at',
    },
  ],
  Django: [
    'id,username,first_name,last_name,email,is_staff,is_active,date_joined',
    {
      first_name: 'first_name',
      last_name: 'last_name',
      email: 'email',
      is_active: 'is_active',
      created_at: 'date_joined',
    },
  ],
  HubSpot: [
    'Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Lead Status,Create Date,Contact owner',
    {
      external_id: 'Record ID',
      first_name: 'First Name',
      last_name: 'Last Name',
      email: 'Email',
      phone: 'Phone Number',
      created_at: 'Create Date',
    },
  ],
  Salesforce: [
    'Contact ID,Salutation,First Name,Last Name,Title,Account Name,Mobile,Phone,Email,Created Date',
    {
      external_id: 'Contact ID',
      first_name: 'First Name',
      last_name: 'Last Name',
      email: 'Email',
      phone: 'Phone',
      created_at: 'Created Date',
    },
  ],
  Mailchimp: [
    'Email Address,First Name,Last Name,Phone Number,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,LEID,EUID',
    {
      email: 'Email Address',
      first_name: 'First Name',
      last_name: 'Last Name',
      phone: 'Phone Number',
      created_at: 'OPTIN_TIME',
    },
  ],
  'Google Contacts': [
    'Name,Given Name,Family Name,E-mail 1 - Type,E-mail 1 - Value,E-mail 2 - Value,Phone 1 - Type,Phone 1 - Value',
    {
      first_name: 'Given Name',
      last_name: 'Family Name',
      email: 'E-mail 1 - Value',
      phone: 'Phone 1 - Value',
    },
  ],
  Outlook: [
    'Title,First Name,Middle Name,Last Name,E-mail Address,E-mail 2 Address,Business Phone,Home Phone,Mobile Phone',
    { first_name: 'First Name', last_name: 'Last Name', email: 'E-mail Address', phone: 'Mobile Phone' },
  ],
  Stripe: [
    'id,Description,Email,Name,Created (UTC),Phone',
    { email: 'Email', created_at: 'Created (UTC)', phone: 'Phone' },
  ],
  EspoCRM: [
    'id,salutationName,firstName,lastName,emailAddress,phoneNumber,createdAt',
    {
      first_name: 'firstName',
      last_name: 'lastName',
      email: 'emailAddress',
      phone: 'phoneNumber',
      created_at: 'createdAt',
    },
  ],
  German: [
    'Kundennummer;Anrede;Vorname;Name;E-Mail-Adresse;Telefon (geschäftlich);Aktiv;Erstellt am',
    {
      external_id: 'Kundennummer',
      first_name: 'Vorname',
      last_name: 'Name',
      email: 'E-Mail-Adresse',
      phone: 'Telefon (geschäftlich)',
      is_active: 'Aktiv',
      created_at: 'Erstellt am',
    },
  ],
  French: [
    "N° client;Nom;Prénom;Adresse e-mail;Téléphone;Actif;Date d'inscription",
    {
      last_name: 'Nom',
      first_name: 'Prénom',
      email: 'Adresse e-mail',
      phone: 'Téléphone',
      is_active: 'Actif',
      created_at: "Date d'inscription",
    },
  ],
  Spanish: [
    'Código de cliente;Nombre;Apellidos;Correo electrónico;Teléfono móvil;Activo;Fecha de alta',
    {
      external_id: 'Código de cliente',
      first_name: 'Nombre',
      last_name: 'Apellidos',
      email: 'Correo electrónico',
      phone: 'Teléfono móvil',
      is_active: 'Activo',
      created_at: 'Fecha de alta',
    },
  ],
  Italian: [
    'Codice cliente;Nome;Cognome;Indirizzo e-mail;Cellulare;Attivo;Data creazione',
    {
      external_id: 'Codice cliente',
      first_name: 'Nome',
      last_name: 'Cognome',
      email: 'Indirizzo e-mail',
      phone: 'Cellulare',
      is_active: 'Attivo',
      created_at: 'Data creazione',
    },
  ],
  Portuguese: [
    'Código do cliente;Nome;Sobrenome;Endereço de e-mail;Telemóvel;Ativo;Criado em',
    {
      external_id: 'Código do cliente',
      first_name: 'Nome',
      last_name: 'Sobrenome',
      email: 'Endereço de e-mail',
      phone: 'Telemóvel',
      is_active: 'Ativo',
      created_at: 'Criado em',
    },
  ],
  Dutch: [
    'Klantnummer;Voornaam;Achternaam;E-mailadres;Telefoonnummer;Actief;Aangemaakt op',
    {
      external_id: 'Klantnummer',
      first_name: 'Voornaam',
      last_name: 'Achternaam',
      email: 'E-mailadres',
      phone: 'Telefoonnummer',
      is_active: 'Actief',
      created_at: 'Aangemaakt op',
    },
  ],
};
for (const [system, [header, fields]] of Object.entries(EXPORTS))
  test(`headings as in ${system}`, () => {
    assert.deepEqual(guessed(...header.split(header.includes(';') ? ';' : ',')), fields);
  });

test('case, accents, spaces and signs do not matter, and each field is given once, to the best column', () => {
  assert.deepEqual(guessed(' E-MAIL ', 'email_address', 'Mobile', 'TELÉPHONE', 'Phone'), {
    email: 'E-MAIL',
    phone: 'Phone',
  });
  assert.deepEqual(guessed('Mobile', 'Email address', 'E-mail'), { phone: 'Mobile', email: 'E-mail' });
  assert.deepEqual(guessed('Email', 'email'), { email: 'Email' });
});

test('what is not sure is not guessed', () => {
  assert.deepEqual(
    guessed('Name', 'id', 'Status', 'line', 'reason', '', 'constructor', '__proto__', '名'.repeat(99)),
    {},
  );
  assert.deepEqual(guessed('First Name', 'Name'), { first_name: 'First Name' });
});

test('a column replaces what a customer has; the time of creation is left as it is', () => {
  assert.deepEqual(guessColumns(['Email', 'Created at', 'hat']), [
    { name: 'Email', field: 'email', rule: 'overwrite' },
    { name: 'Created at', field: 'created_at', rule: 'leave' },
    { name: 'hat', field: null, rule: 'overwrite' },
  ]);
});
