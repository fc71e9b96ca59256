/** Builds the pages. Runs under Node only; the pages import nothing from here. */
import { build } from 'vite';

/** Replaces `outDir`, an absolute path; `base` is the path that the pages are served under. The same sources give the same files. */
async function buildFrom(root: string, outDir: string, base = '/'): Promise<void> {
  await build({ root, base, configFile: `${import.meta.dirname}/../vite.config.ts`, build: { outDir, emptyOutDir: true } });
}

/** The clerk's page. */
export async function buildPages(outDir: string): Promise<void> {
  await buildFrom(import.meta.dirname, outDir);
}

/** The citizen's page: a directory of its own, because another program serves it, and so that neither carries the other. */
export async function buildCitizenPages(outDir: string): Promise<void> {
  await buildFrom(`${import.meta.dirname}/citizen`, outDir);
}

/** The auditor's desk: the portal serves it beside the citizen's page, and neither carries the other. */
export async function buildDeskPages(outDir: string): Promise<void> {
  await buildFrom(`${import.meta.dirname}/desk`, outDir, '/desk/');
}

if (import.meta.main) {
  await buildPages(`${import.meta.dirname}/dist`);
  await buildCitizenPages(`${import.meta.dirname}/dist-citizen`);
  await buildDeskPages(`${import.meta.dirname}/dist-desk`);
}
