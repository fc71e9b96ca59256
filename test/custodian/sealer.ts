/** A sealing authority's node without a chain, as custodian.ts is a custodian's. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject, JsonValue } from '../../core/bytes/json.ts';
import { parseNote } from '../../core/log/note.ts';
import { logIdOf } from '../../core/log/origin.ts';
import { createEdge } from '../../service/http.ts';
import { createMetrics } from '../../service/metrics.ts';
import { openStore } from '../../service/store.ts';
import { Tokens } from '../../service/token.ts';
import { publicReadRoutes } from '../../node/api/reads.ts';
import { sealRoutes } from '../../node/api/seal-routes.ts';
import { BodyStore } from '../../node/bodies/body-store.ts';
import { SecretFile } from '../../node/bodies/secret-file.ts';
import { Anchors } from '../../node/log/anchors.ts';
import { Answers } from '../../node/log/answers.ts';
import { LogStore } from '../../node/log/log-store.ts';
import { createFileRegister } from '../../node/log/register.ts';
import { readPlaceCount } from '../../node/quantum/place-count.ts';
import { QuantumWriter } from '../../node/quantum/writer.ts';
import { SealActs } from '../../node/seals/acts.ts';
import { bytesOf } from '../log/memory-log.ts';
import { silent } from '../node/fixture.ts';
import { SEALS_ORIGIN, sealsSigner } from './custodian.ts';
import type { LogDirectory } from './fixture.ts';

const TOKEN = 'sealer-token'.padEnd(40, 's');
const DAY = 86_400_000;
export const SEALS_TERMS = { quantum: DAY, promiseSpan: 200_000_000 };

export interface Sealer {
  readonly url: string;
  seal(path: string, body: JsonValue, key?: string): Promise<{ status: number; json: JsonObject }>;
  /** The day passes, and what it held is in the tree, and anchored. */
  anchor(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSealer(directory: LogDirectory): Promise<Sealer> {
  const path = join(directory.path, 'sealer');
  await mkdir(path);
  const clock = (): number => directory.now;
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
  const logId = logIdOf(SEALS_ORIGIN);
  const store = await openStore(join(path, 'store'));
  const [log, answers, anchors] = [new LogStore(store), new Answers(store), new Anchors(store)];
  const bodies = new BodyStore(await openStore(join(path, 'bodies')), await SecretFile.open(join(path, 'secrets')), logId);
  await bodies.settle(readPlaceCount(store), []);
  const register = createFileRegister(join(path, 'register'));
  const common = { origin: SEALS_ORIGIN, log, answers, bodies, logger: silent, clock, random };
  const writer = await QuantumWriter.open({ ...common, register, signer: sealsSigner, fillTo: 0 });
  await writer.resume(SEALS_TERMS);
  const promises = { logId, signer: sealsSigner, requireGoing: () => writer.requireGoing() };
  const acts = new SealActs({ log, pending: writer.pending, bodies, random });
  const edge = createEdge({
    logger: silent,
    metrics: createMetrics('node'),
    hot: publicReadRoutes({ log, anchors, writer, polledMsAgo: () => 0 }),
    routes: sealRoutes({ ...common, anchors, writer, acts, promises }, new Tokens({ sealer: TOKEN })),
  });
  const url = await edge.listen(0);
  let counter = 0;
  return {
    url,
    async seal(route, body, key = `key-${++counter}`) {
      const response = await fetch(url + route, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}`, 'idempotency-key': key },
      });
      return { status: response.status, json: (await response.json()) as JsonObject };
    },
    async anchor() {
      directory.now += DAY;
      await writer.grow();
      const { note } = await writer.refresh();
      const { size, issuedAt } = parseNote(note).checkpoint;
      await anchors.record({ size, issuedAt, block: { number: ++counter, hash: bytesOf(`seals ${counter}`), at: issuedAt } });
    },
    async stop() {
      await edge.close();
      await bodies.close();
      await store.close();
    },
  };
}
