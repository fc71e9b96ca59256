/** Builds the pages. Runs under Node only; the pages import nothing from here. */
import { build } from 'vite';

/** Replaces `outDir`, an absolute path. The same sources give the same files. */
async function buildFrom(root: string, outDir: string): Promise<void> {
  await build({ root, configFile: `${import.meta.dirname}/../vite.config.ts`, build: { outDir, emptyOutDir: true } });
}

/** The clerk's page. */
export async function buildPages(outDir: string): Promise<void> {
  await buildFrom(import.meta.dirname, outDir);
}

/** The citizen's page: a directory of its own, because another program serves it, and so that neither carries the other. */
export async function buildCitizenPages(outDir: string): Promise<void> {
  await buildFrom(`${import.meta.dirname}/citizen`, outDir);
}

if (import.meta.main) {
  await buildPages(`${import.meta.dirname}/dist`);
  await buildCitizenPages(`${import.meta.dirname}/dist-citizen`);
}
