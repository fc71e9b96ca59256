/**
 * Compiles the contracts and writes their TypeChain bindings to chain/bindings, which are committed: programs that run need
 * neither compiler nor Hardhat.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { artifacts, tasks } from 'hardhat';
import { runTypeChain } from 'typechain';

export const BINDINGS_FOLDER = join(import.meta.dirname, '../chain/bindings');
const CONTRACTS = ['AuthorityRegistry', 'CheckpointAnchor', 'Consortium', 'LogProof', 'OmissionCourt', 'SM2', 'SM3'];

/** Replaces `outDir`. The same sources give the same bytes. */
export async function generateBindings(outDir: string): Promise<void> {
  await tasks.getTask('build').run({ quiet: true });
  const compiled = await Promise.all(CONTRACTS.map((name) => artifacts.getArtifactPath(name)));
  await rm(outDir, { recursive: true, force: true });
  await runTypeChain({
    cwd: import.meta.dirname,
    filesToProcess: compiled,
    allFiles: compiled,
    outDir,
    target: 'ethers-v6',
    flags: {
      alwaysGenerateOverloads: false,
      discriminateTypes: false,
      tsNocheck: true,
      node16Modules: true,
      environment: undefined,
    },
  });
  // They import `.js` files that do not exist. Whoever needs a factory imports its file.
  for (const barrel of ['index.ts', 'factories/index.ts']) await rm(join(outDir, barrel));
}

if (import.meta.main) await generateBindings(BINDINGS_FOLDER);
