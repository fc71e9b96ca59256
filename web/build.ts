/** Builds the pages. Runs under Node only; the pages import nothing from here. */
import { build } from 'vite';

/** Replaces `outDir`, an absolute path. The same sources give the same files. */
export async function buildPages(outDir: string): Promise<void> {
  await build({ configFile: `${import.meta.dirname}/../vite.config.ts`, build: { outDir, emptyOutDir: true } });
}

if (import.meta.main) await buildPages(`${import.meta.dirname}/dist`);
