/** Builds the clerk's page into web/dist and the citizen's into web/dist-citizen. */
import { join } from 'node:path';
import { buildCitizenPages, buildPages } from '../web/build.ts';

const web = join(import.meta.dirname, '..', 'web');
await buildPages(join(web, 'dist'));
await buildCitizenPages(join(web, 'dist-citizen'));
