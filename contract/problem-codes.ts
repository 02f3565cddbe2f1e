// Every code that a problem may carry. A code is stable: programs act on it, so it is never renamed or used for
// something else. The documentation explains each under its own name, and a test holds the list against the code.

export type ProblemCode = {
  /** Statuses of the replies that have it as their own `code`. */
  statuses: readonly number[];
  /** Whether it also, or only, stands in the `errors` of a reply. */
  in_errors?: true;
  meaning: string;
};

const of = (...statuses: number[]) => ({ statuses });
const inErrors = { statuses: [], in_errors: true } as const;
const both = (status: number) => ({ statuses: [status], in_errors: true }) as const;

export const problemCodes = {
  invalid: { ...of(400), meaning: 'One or more values are not valid; `errors` names each.' },
  malformed_json: { ...of(400), meaning: 'The body is empty or not valid JSON.' },
  unexpected_body: { ...of(400), meaning: 'The request takes no body, but has one.' },
  bad_url: { ...of(400), meaning: 'The path is not valid percent-encoded UTF-8.' },
  malformed_request: { ...of(400), meaning: 'This is not a valid HTTP request.' },
  bad_request: { ...of(400), meaning: 'The request was cut off, or is not as long as it says.' },
  batch_refused: {
    ...of(400),
    meaning: 'Items of a batch of all or nothing are refused, so nothing was done; `errors` names each.',
  },
  empty_file: { ...of(400), meaning: 'The file to be imported is empty.' },
  not_csv: {
    ...of(400),
    meaning:
      'The file to be imported is no text: a workbook, an archive or another binary file. `detail` says what to do.',
  },
  invalid_mapping: {
    ...of(400),
    meaning: 'The columns of the file to be imported fill a field twice, leave a required one out, or are not its own.',
  },
  unauthenticated: { ...of(401), meaning: 'There is no API key or session, or it is unknown, revoked or expired.' },
  sign_in_refused: {
    ...of(401),
    meaning: 'The address and the password do not belong together, or there is no such account.',
  },
  second_factor_required: {
    ...of(401),
    meaning:
      'The password is right, and the account has a second factor: send `code` too. With `wrong_code` at `/code` the one that was sent will not do.',
  },
  second_factor_on: { ...of(409), meaning: 'The account has a second factor already: switch it off first.' },
  second_factor_off: { ...of(409), meaning: 'The account has no second factor, or none that has been begun.' },
  workspace_required: {
    ...of(400),
    meaning:
      'The person is in several workspaces, or in none: say which one is meant, by `Clientele-Workspace: <slug>` or, on GET, by `?workspace=<slug>`.',
  },
  person_required: { ...of(403), meaning: 'The route is for a person who is signed in; a key will not do.' },
  cross_site_request: {
    ...of(403),
    meaning:
      'A request that signs somebody in, or changes something by cookie, did not come from a page of this server: it lacks `Sec-Fetch-Site: same-origin` and an `Origin` that is `server.public_url`.',
  },
  forbidden: { ...of(403), meaning: 'The role of the key or person lacks the permission that the route takes.' },
  role_too_high: { ...both(403), meaning: 'Nobody can grant, or touch what has, a role above their own.' },
  https_required: { ...of(403), meaning: 'This server takes requests over HTTPS only.' },
  not_found: {
    ...of(404),
    meaning: 'There is nothing here: no such path, or no such record in the workspace of the key.',
  },
  unknown_workspace: {
    ...of(404),
    meaning: 'There is no such workspace, or the person is not a member of it.',
  },
  link_unknown: { ...of(404), meaning: 'There is no such link: it was cut short, or taken back.' },
  link_used: { ...of(410), meaning: 'The link has been used; each works once.' },
  link_expired: { ...of(410), meaning: 'The link has expired: ask for another.' },
  last_owner: { ...of(409), meaning: 'A workspace keeps an owner: make somebody else one first.' },
  already_member: { ...both(409), meaning: 'The person is a member of the workspace already.' },
  method_not_allowed: { ...of(405), meaning: 'The path takes other methods; `Allow` names them.' },
  too_many_webhooks: { ...of(409), meaning: 'There are as many webhooks as there may be; delete some first.' },
  too_many_views: { ...of(409), meaning: 'There are as many views as there may be; delete some first.' },
  too_late: { ...of(409), meaning: 'The import runs already, or has ended.' },
  unmapped: { ...of(409), meaning: 'The import waits to be told which column fills which field.' },
  file_elsewhere: {
    ...of(409),
    meaning: 'The file of the import lies with another server, or has been removed after 30 days.',
  },
  file_too_large: { ...of(413), meaning: 'The file is larger than 2 GiB.' },
  no_file: { ...of(400), meaning: 'The form holds no file.' },
  still_running: {
    ...of(409),
    meaning: 'What is to be undone is still under way: wait until it is done, or cancel it first.',
  },
  request_timeout: { ...of(408), meaning: 'The request took too long to arrive.' },
  version_mismatch: {
    ...both(412),
    meaning: 'The customer has changed since the version that `If-Match` names: read it again and decide anew.',
  },
  body_too_large: { ...of(413), meaning: 'The body is larger than the server takes.' },
  uri_too_long: { ...of(414), meaning: 'The path is too long.' },
  unsupported_media_type: {
    ...of(415),
    meaning: 'The body has a `Content-Type` that the route does not take, or a charset other than UTF-8.',
  },
  unsupported_encoding: { ...of(415), meaning: 'The body is compressed; send it as it is.' },
  idempotency_key_reused: {
    ...of(422),
    meaning: 'The `Idempotency-Key` was used for another request within the last 24 hours.',
  },
  headers_too_large: { ...of(431), meaning: 'The headers are too large.' },
  internal: { ...of(500), meaning: 'Something went wrong on our side; the log has more under the `request_id`.' },
  too_many_streams: { ...of(429), meaning: 'The key or person has as many open streams as it may have.' },
  too_many_attempts: {
    ...of(429),
    meaning: 'Too many attempts to sign in; `Retry-After` says when the next one will be looked at.',
  },
  rate_limited: {
    ...of(429),
    meaning:
      'The quota of the key or person, or of the address, is used up; `Retry-After` says when the next request will pass.',
  },
  overloaded: {
    ...of(503),
    meaning:
      'More requests of this kind wait than can be answered soon. Nothing has changed; try again after `Retry-After`.',
  },
  draining: { ...of(503), meaning: 'The server is stopping; `/readyz` says so until it is gone.' },
  database_unavailable: {
    ...of(503),
    meaning: 'The database cannot be reached at the moment. Nothing has changed; try again after `Retry-After`.',
  },
  storage_full: {
    ...of(503),
    meaning:
      'The database has no space left on its disk. Nothing has changed; writes are taken again as soon as there is space.',
  },
  backup_running: {
    ...of(503),
    meaning: 'A backup of the tables is being made, and nobody is erased meanwhile; try again after `Retry-After`.',
  },
  erasures_unwritable: {
    ...of(503),
    meaning:
      'Where erasures are written down, the file of them or the folder of imports, cannot be written, so nobody was erased.',
  },
  too_slow: { ...of(503), meaning: 'The database took too long. Nothing has changed; try again after `Retry-After`.' },
  outcome_unknown: {
    ...of(503),
    meaning:
      'The connection to the database was lost while the change was being saved: it may have happened. Repeat it with the same `Idempotency-Key`.',
  },

  required: { ...inErrors, meaning: 'The field must be there and must not be empty.' },
  wrong_type: { ...inErrors, meaning: 'The value has another JSON type than the field; nothing is converted.' },
  unknown_field: { ...inErrors, meaning: 'There is no such field.' },
  read_only: { ...inErrors, meaning: 'The field is set by the server and cannot be written.' },
  too_long: { ...inErrors, meaning: 'The text has more characters than the field or parameter takes.' },
  too_short: { ...inErrors, meaning: 'The password has fewer characters than it must have.' },
  common_password: {
    ...inErrors,
    meaning:
      'The password is among those that are guessed first: it is common, a pattern, or made of what is known of you.',
  },
  email_differs: { ...inErrors, meaning: 'The link is for another address.' },
  wrong_code: { ...inErrors, meaning: 'The code is not right, not of now, or has been used.' },
  invalid_code: { ...inErrors, meaning: 'This is neither a code of an app nor a recovery code.' },
  invalid_path: { ...inErrors, meaning: 'This is not the path of a page of this server.' },
  wrong_password: { ...inErrors, meaning: 'This is not the password that the account has.' },
  invalid_characters: {
    ...inErrors,
    meaning:
      'The text has characters that are not taken there, such as digits in a name or a control character anywhere.',
  },
  invalid_email: { ...inErrors, meaning: 'This is not an email address.' },
  invalid_phone: { ...inErrors, meaning: 'This is not a telephone number of 7 to 15 digits.' },
  address_refused: {
    ...inErrors,
    meaning: 'The server asks nobody at such an address: not in the public Internet, or not by https.',
  },
  invalid_url: { ...inErrors, meaning: 'This is not an http or https URL.' },
  unknown_event_type: { ...inErrors, meaning: 'There is no such type of events.' },
  invalid_region: { ...inErrors, meaning: 'This is not an ISO 3166-1 code of two letters.' },
  invalid_role: { ...inErrors, meaning: 'This is not one of the roles.' },
  invalid_slug: {
    ...inErrors,
    meaning: 'The name of a workspace has lower-case letters, digits and inner hyphens, a letter first.',
  },
  invalid_timestamp: { ...inErrors, meaning: 'This is not a time as RFC 3339 writes it, with an offset.' },
  email_taken: { ...inErrors, meaning: 'Another customer of the workspace has this email; `conflict` links to it.' },
  external_id_taken: {
    ...inErrors,
    meaning: 'Another customer of the workspace has this external id; `conflict` links to it.',
  },
  suppressed: {
    ...inErrors,
    meaning:
      'A customer with this email or external id was erased, and is not to be entered again; `POST /api/suppressions/lift` lets it.',
  },
  external_id_differs: { ...inErrors, meaning: 'The external id in the body is not the one in the path.' },
  duplicate_member: { ...inErrors, meaning: 'An object in the body has the same member name twice.' },
  too_deep: { ...inErrors, meaning: 'The body has values within values, more than 100 deep.' },
  invalid_encoding: {
    ...inErrors,
    meaning: 'The body or a parameter is not valid UTF-8, or a percent-escape is broken.',
  },
  invalid_header: {
    ...both(400),
    meaning:
      'The header of the request, or the first line of a file to be imported, does not have the form that it must have.',
  },
  unknown_parameter: { ...inErrors, meaning: 'The route has no such query parameter.' },
  duplicate_parameter: { ...inErrors, meaning: 'The query parameter is given twice.' },
  invalid_number: {
    ...inErrors,
    meaning: 'The query parameter must be a whole number within its bounds, in plain digits.',
  },
  invalid_date: { ...inErrors, meaning: 'The query parameter must be a day of the calendar, such as `2026-01-31`.' },
  invalid_range: { ...inErrors, meaning: 'The range ends before it begins, or is longer than it may be.' },
  beyond_log: {
    ...inErrors,
    meaning:
      'The position lies beyond the end of the log: it is that of another workspace, or of before a restored backup.',
  },
  invalid_boolean: { ...inErrors, meaning: 'The query parameter must be `true` or `false`.' },
  invalid_format: { ...inErrors, meaning: 'This is not one of the formats of an export.' },
  invalid_ordering: { ...inErrors, meaning: 'This is not one of the orderings.' },
  invalid_cursor: {
    ...inErrors,
    meaning:
      'The cursor belongs to another list, another filter or another ordering, or is damaged: begin anew without it.',
  },
  not_with_deleted: { ...inErrors, meaning: 'The parameter cannot be combined with `deleted=true`.' },
  nothing_to_search: { ...inErrors, meaning: 'The search has no letter and no digit.' },
  too_many_words: { ...inErrors, meaning: 'The search has more words than it may have.' },
  invalid_length: { ...inErrors, meaning: 'The list has too few or too many entries.' },
  invalid_choice: { ...inErrors, meaning: 'The value is none of those that may stand there.' },
  not_in_bulk: {
    ...inErrors,
    meaning: 'No two customers may have the same value, so a bulk edit cannot give it to many.',
  },
  changed_since: {
    ...inErrors,
    meaning: 'An undo left the field as it is, since it was changed after what was to be undone.',
  },
  deleted_since: { ...inErrors, meaning: 'An undo left the field as it is, since the customer was deleted meanwhile.' },
  invalid_csv: { ...inErrors, meaning: 'The row of an import is not valid CSV.' },
  wrong_length: {
    ...inErrors,
    meaning: 'The row of an import has more or fewer cells than the first line of the file.',
  },
  duplicate_in_file: {
    ...inErrors,
    meaning: 'A row of an import has an email or external id that an earlier row of the same file has.',
  },
  invalid_flag: {
    ...inErrors,
    meaning: 'The cell of an import is neither `true` nor `false`, nor another of the words that stand for them there.',
  },
} as const satisfies Record<string, ProblemCode>;
