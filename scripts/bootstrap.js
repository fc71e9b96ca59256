/**
 * What both entry points need before any TypeScript can run: Node 26 and the packages of package-lock.json. Plain JavaScript that
 * every Node from 18 on understands; progress goes to stderr, so that stdout stays the program's own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WANTED_MAJOR = 26;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const foundNode = join(root, 'node_modules', '.veritrail-node');
const major = Number(process.versions.node.split('.')[0]);

function say(text) {
  process.stderr.write(`veritrail: ${text}\n`);
}

/**
 * The path of a Node 26: this one, or the one that npx finds or fetches. `--prefer-offline`: without it npx waits minutes for a
 * registry that does not answer, even when the package is there. `exec`: no shell stays between.
 */
function findNode() {
  if (major >= WANTED_MAJOR) return process.execPath;
  const kept = readKept();
  if (kept !== null) return kept;
  say(`this is Node ${process.versions.node}; obtaining Node ${WANTED_MAJOR} from the package registry …`);
  const path = askNpx();
  if (path === null) {
    say(`Node ${WANTED_MAJOR} could not be obtained. Install it, or make the npm registry reachable, and start again.`);
    process.exit(2);
  }
  try {
    writeFileSync(foundNode, path);
  } catch {
    // Before the first installation there is no place to keep it: the next command asks npx again.
  }
  return path;
}

/**
 * While another process is just installing it, npx may find what is half there and run this Node instead: what it says is believed
 * only with its version, and it is asked again a few times.
 */
function askNpx() {
  const command = "exec node -p 'process.versions.node + String.fromCharCode(10) + process.execPath'";
  // Package `node` fetches the binary by a script of its own, which our .npmrc forbids to all packages.
  const args = ['--prefer-offline', '--ignore-scripts=false', '-y', '-p', `node@${WANTED_MAJOR}`, '-c', command];
  for (let tries = 0; tries < 5; tries++) {
    if (tries > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5_000);
    const found = spawnSync('npx', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    const [version = '', path = ''] = (found.stdout ?? '').trim().split('\n').slice(-2);
    if (found.status === 0 && isWanted(version) && path !== '') return path;
  }
  return null;
}

function isWanted(version) {
  return Number(version.split('.')[0]) >= WANTED_MAJOR;
}

/** Where npx found Node the last time: asking it again takes seconds. */
function readKept() {
  try {
    const path = readFileSync(foundNode, 'utf8');
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

/** Installs exactly what the lock file says, once per lock file, under the Node that will run it. */
export function installPackages() {
  const stamp = join(root, 'node_modules', '.veritrail-lock');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  try {
    if (readFileSync(stamp, 'utf8') === wanted) return;
  } catch {
    // Not installed yet.
  }
  say('installing packages (npm ci, about a minute the first time) …');
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}` };
  const done = spawnSync('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
  });
  if (done.status !== 0) {
    say('the packages could not be installed; see the messages above.');
    process.exit(2);
  }
  writeFileSync(stamp, wanted);
}

/**
 * Runs `entry` (a path from the project's root) under Node 26 with this process's arguments, and ends as it ends. Returns at once
 * when this process is already Node 26: the caller goes on itself.
 */
export async function underNode26(entry) {
  if (major >= WANTED_MAJOR) return;
  const child = spawn(findNode(), [join(root, entry), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code, signal] = await new Promise((resolve) => child.once('exit', (...end) => resolve(end)));
  process.exit(code ?? (signal === 'SIGINT' ? 130 : 143));
}
