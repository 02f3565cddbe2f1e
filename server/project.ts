// Where the project lies: migrations, the console's build and the configuration are found from here.
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('..', import.meta.url));
