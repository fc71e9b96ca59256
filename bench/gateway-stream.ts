/**
 * `node bench/gateway-stream.ts [--mb N]`: an answer of N MB (200 unless given) through a gateway in a process of its own, in chunks that are
 * each an event of a node; prints how much the gateway's memory grew, and how long it took. Fails beyond 64 MB. The node is the tests' stand-in.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { sampleNumber } from '../samples/data-service.ts';
import { CUSTODIAN, keys, startVerifier } from '../test/gateway/registry.ts';
import { StandInNode } from '../test/gateway/stand-in-node.ts';
import { keyFiles, sampleRoutes } from '../test/gateway/sample.ts';
import { signAsk } from '../test/gateway/world.ts';

/** The default of a route. */
const CHUNK = 256 << 10;
const LIMIT = 64 << 20;
/** As docs/operations.md says: what was passed on is let go sooner. */
const FLAG = '--max-semi-space-size=1';

const { values } = parseArgs({ options: { mb: { type: 'string', default: '200' } } });
const size = Number(values.mb) * (1 << 20);

const piece = Buffer.alloc(65_536, 'x');
let answerSize = 4 << 20;
const data = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'image/png', 'content-length': answerSize });
  let left = answerSize;
  const more = (): void => {
    while (left > 0) {
      left -= piece.length;
      if (!response.write(piece)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
});
data.listen(0, '127.0.0.1');
await once(data, 'listening');

const directory = await mkdtemp(join(tmpdir(), 'vt-bench-'));
const [verifier, node, paths] = [await startVerifier(), new StandInNode(), await keyFiles()];
await node.start();
const config = {
  custodian: CUSTODIAN,
  dataDir: join(directory, 'gateway'),
  node: { url: node.url, tokenFile: join(paths, 'node.token'), timeoutMs: 10_000 },
  registry: { verifiers: [verifier.url] },
  recordsKey: join(paths, 'records.key.json'),
  passphraseFile: join(paths, 'passphrase'),
  routes: sampleRoutes(`http://127.0.0.1:${(data.address() as AddressInfo).port}`, CHUNK),
  exitWithParent: true,
};
await writeFile(join(directory, 'config.json'), JSON.stringify(config));
const main = join(import.meta.dirname, '..', 'gateway', 'http', 'main.ts');
const child = spawn(process.execPath, [FLAG, main, '--config', join(directory, 'config.json')], {
  stdio: ['pipe', 'pipe', 'ignore'],
});
const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
const { url } = JSON.parse(line) as { url: string };

/** kB of `name` in the child's status. */
async function memoryOf(name: string): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)![1]) * 1024;
}

async function stream(): Promise<number> {
  const target = `/photos/${sampleNumber(1)}`;
  const { headers } = await signAsk(url, { target, said: { grade: 'personal-key' }, operator: keys.operator });
  const [response] = (await once(get(`${url}${target}`, { headers, agent: false }), 'response')) as [IncomingMessage];
  let taken = 0;
  for await (const part of response as AsyncIterable<Buffer>) taken += part.length;
  return taken;
}

// What a first call loads and compiles is no growth.
await stream();
answerSize = size;
const before = await memoryOf('VmRSS');
const chunksBefore = node.events.length;
const startedAt = performance.now();
const taken = await stream();
const seconds = (performance.now() - startedAt) / 1000;
const grown = (await memoryOf('VmHWM')) - before;
child.kill('SIGTERM');
await once(child, 'exit');
await Promise.all([node.stop(), verifier.close(), rm(directory, { recursive: true })]);
data.close();
const mb = (bytes: number): number => Math.round(bytes / (1 << 20));
const result = {
  mb: mb(taken),
  chunks: node.events.length - chunksBefore,
  growthMb: mb(grown),
  seconds: Math.round(seconds * 10) / 10,
};
console.log(JSON.stringify(result));
process.exitCode = taken === size && grown < LIMIT ? 0 : 1;
