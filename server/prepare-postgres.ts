// Puts the embedded PostgreSQL in order where it was installed, which its first start does otherwise: for an installation
// that whoever starts it may not write to. Run it as the user who ran "npm ci".
import { findPrograms } from './binaries.ts';

await findPrograms(undefined);
