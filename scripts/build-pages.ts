/** Builds the pages into web/dist. */
import { join } from 'node:path';
import { buildPages } from '../web/build.ts';

await buildPages(join(import.meta.dirname, '..', 'web', 'dist'));
