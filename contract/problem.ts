// RFC 9457: the one shape of every reply with a status of 400 or more.
import { type Static, Type } from 'typebox';

export const problemSchema = Type.Object(
  {
    type: Type.String({ description: 'A path-absolute reference that identifies the kind of problem.' }),
    title: Type.String({ description: 'The status in words.' }),
    status: Type.Integer(),
    detail: Type.String({ description: 'What is wrong, for a person.' }),
    instance: Type.String({ description: 'The path that was asked for.' }),
    code: Type.String({ description: 'What is wrong, for a program; stable.' }),
    request_id: Type.String({ description: 'Names this request in the logs.' }),
    errors: Type.Array(
      Type.Object({
        pointer: Type.String({
          description: 'JSON pointer to the field in the body, or the bare name of the query parameter or header.',
        }),
        code: Type.String(),
        detail: Type.String(),
        conflict: Type.Optional(
          Type.Object(
            { id: Type.String(), href: Type.String() },
            { description: 'The customer that holds the value already.' },
          ),
        ),
      }),
    ),
  },
  { title: 'Problem', description: 'Why a request was refused or failed.' },
);

export type ProblemBody = Static<typeof problemSchema>;
