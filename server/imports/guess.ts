// Which field each column of a file fills, by its heading: as people write it, and as other systems export it.
import { fold } from '#contract/fold.ts';
import type { ImportColumn, ImportField } from '#contract/imports.ts';

/** Headings without case, accents, spaces and signs; of two columns, the one whose heading comes first is taken. */
const HEADINGS: Record<ImportField, string> = {
  first_name: `firstname givenname forename fname first contactfirstname customerfirstname billingfirstname
    vorname rufname prenom nombre nombres primernombre nombredepila nome nomeproprio primeironome voornaam roepnaam`,
  last_name: `lastname surname familyname lname last contactlastname customerlastname billinglastname
    nachname familienname zuname nomdefamille nom apellidos apellido primerapellido cognome sobrenome apelido ultimonome
    achternaam familienaam`,
  email: `email emailaddress primaryemail email1value email1address email1 emailaddress1 mail mailaddress contactemail
    customeremail billingemail useremail workemail businessemail companyemail personalemail homeemail
    emailadresse mailadresse courriel adresseemail adressemail adresseelectronique adressedemessagerie mel
    correoelectronico correo direcciondecorreoelectronico direcciondecorreo direcciondeemail
    indirizzoemail postaelettronica indirizzodipostaelettronica emaildocliente enderecodeemail correioeletronico
    emailadres mailadres`,
  phone: `phone phonenumber telephone telephonenumber primaryphone phone1value phone1 tel contactphone customerphone
    billingphone mobilephone mobilephonenumber mobile mobilenumber cellphone cell cellnumber workphone businessphone
    companyphone homephone telefon telefonnummer telefonnr rufnummer handy handynummer mobil mobiltelefon mobilnummer
    mobilfunknummer telefongeschaftlich telefonprivat numerodetelephone telephoneportable telephonemobile portable
    telefono numerodetelefono telefonomovil movil celular numeroditelefono telefonocellulare cellulare telefone
    numerodetelefone telemovel telefoon telefoonnummer mobiel mobielnummer mobieletelefoon gsm`,
  is_active: 'isactive active enabled isenabled aktiv istaktiv actif estactif activo attivo ativo actief',
  external_id: `externalid externalidentifier externalkey customerid customernumber customerno customercode customerkey
    customerref customerreference custid clientid clientnumber clientcode contactid recordid userid memberid legacyid
    crmid externeid kundennummer kundennr kundenid debitorennummer idexterne identifiantexterne idclient numeroclient
    numerodeclient numclient codeclient identifiantclient idexterno idcliente idcliente numerodecliente numerocliente
    codigodecliente codigocliente idesterno codicecliente iddocliente numerodocliente codigodocliente externid klantnummer
    klantid klantnr klantcode relatienummer`,
  created_at: `createdat created createddate datecreated createdate creationdate createdon createdutc createdtime
    createtime signupdate signedupat signedup datejoined joinedat joindate joined registeredat registrationdate
    dateregistered registered dateadded addedat customersince membersince optintime confirmtime
    erstelltam erstellt erstelldatum erstellungsdatum angelegtam anlagedatum registriertam anmeldedatum kundeseit
    datedecreation datecreation creele datedinscription dateinscription clientdepuis fechadecreacion fechacreacion
    creadoel creado fechadealta fechaalta fechaderegistro clientedesde datadicreazione datacreazione creatoil
    datadiregistrazione clientedal datadecriacao criadoem datadecadastro dataderegistro aangemaaktop aangemaakt
    aanmaakdatum datumaangemaakt registratiedatum klantsinds`,
};

/** "Name" beside these headings is the last name; by itself it may hold both. */
const LAST_BESIDE: Record<string, string> = { vorname: 'name', voornaam: 'naam' };

const ranks = Object.entries(HEADINGS).map(([field, headings]) => ({
  field: field as ImportField,
  rankOf: new Map(headings.split(/\s+/).map((heading, rank) => [heading, rank])),
}));

/** Every column of a header, each field given to one at most: the best, or the first of equals. */
export function guessColumns(cells: readonly string[]): ImportColumn[] {
  const columns = cells.map((cell): ImportColumn => ({ name: cell.trim(), field: null, rule: 'overwrite' }));
  const headings = columns.map(({ name }) => headingOf(name));
  for (const { field, rankOf } of ranks) {
    let best = Number.POSITIVE_INFINITY;
    let found: ImportColumn | undefined;
    for (const [index, heading] of headings.entries()) {
      const rank = rankOf.get(heading) ?? best;
      if (rank >= best) continue;
      best = rank;
      found = columns[index];
    }
    if (found) fill(found, field);
  }
  if (!columns.some(({ field }) => field === 'last_name'))
    for (const [first, last] of Object.entries(LAST_BESIDE)) {
      const column = columns[headings.indexOf(last)];
      if (headings.includes(first) && column) fill(column, 'last_name');
    }
  return columns;
}

/** A customer that exists keeps the time at which it was created. */
function fill(column: ImportColumn, field: ImportField): void {
  column.field = field;
  column.rule = field === 'created_at' ? 'leave' : 'overwrite';
}

const LONGEST = 60;

function headingOf(name: string): string {
  return name.length > LONGEST ? '' : fold(name).replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/** Headings of columns that hold both names, which nobody can tell apart. */
const BOTH_NAMES = new Set(
  `name fullname displayname contactname customername clientname vollstandigername anzeigename kundenname nomcomplet
  nomclient nombrecompleto nombreyapellidos nomecompleto nomeecognome volledigenaam klantnaam naam`.split(/\s+/),
);

export const holdsBothNames = (name: string) => BOTH_NAMES.has(headingOf(name));
