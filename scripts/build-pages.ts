/** Builds the clerk's page into web/dist, the citizen's into web/dist-citizen and the auditor's into web/dist-desk. */
import { join } from 'node:path';
import { buildCitizenPages, buildDeskPages, buildPages } from '../web/build.ts';

const web = join(import.meta.dirname, '..', 'web');
await buildPages(join(web, 'dist'));
await buildCitizenPages(join(web, 'dist-citizen'));
await buildDeskPages(join(web, 'dist-desk'));
