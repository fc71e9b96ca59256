/** The engine's program `kcn`, built here from the Go modules whose hashes go.sum fixes. A validator's host needs the program alone. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { unavailable } from '../../core/bytes/error.ts';

export const ENGINE = join(import.meta.dirname, 'bin', 'kcn');

/** Minutes the first time, seconds after that. Throws UNAVAILABLE where there is no Go, no C compiler or no module. */
export function buildEngine(): void {
  if (spawnSync('go', ['version']).status !== 0) throw unavailable('the engine is built from source, and there is no Go here');
  // `-checklinkname=0`: a debugging library in it reaches into Go's runtime, which newer linkers refuse otherwise.
  const flags = ['-mod=readonly', '-trimpath', '-ldflags=-checklinkname=0'];
  const { status } = spawnSync('go', ['build', ...flags, '-o', ENGINE, 'github.com/kaiachain/kaia/cmd/kcn'], {
    cwd: import.meta.dirname,
    env: { ...process.env, CGO_ENABLED: '1' },
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw unavailable('the engine could not be built; see the messages above');
}
