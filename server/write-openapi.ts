// Writes docs/openapi.json anew: `npm run openapi`.
import { writeFileSync } from 'node:fs';
import { openapiText } from './openapi.ts';

writeFileSync(new URL('../docs/openapi.json', import.meta.url), openapiText());
