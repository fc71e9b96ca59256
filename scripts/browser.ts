/** Finds the Chromium that the browser tests drive, and installs Debian's where it is missing and can be. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export function findBrowser(): string | null {
  return process.env['VERITRAIL_CHROMIUM'] ?? PLACES.find((path) => existsSync(path)) ?? null;
}

/** Needs root and apt. Where it fails, the tests that need a browser fail and say so: none is skipped. */
export function installBrowser(): void {
  if (findBrowser() !== null) return;
  process.stderr.write('veritrail: installing Chromium for the browser tests (apt-get) …\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 2, 2], env });
  const packages = ['chromium', 'fonts-noto-cjk'];
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { stdio: ['ignore', 2, 2], env });
}
