/** An access log in a temporary directory with fixed keys and a clock of its own, and what a test asks of it. Nothing in it is mocked. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { publicLicenceSecret } from '../../core/log/slot.ts';
import type { Signer } from '../../service/signer.ts';
import { openStore, type Store } from '../../service/store.ts';
import type { Draft, Recording } from '../../node/quantum/acceptance.ts';
import { readPlaceCount } from '../../node/quantum/place-count.ts';
import { QuantumWriter } from '../../node/quantum/writer.ts';
import { BodyStore } from '../../node/bodies/body-store.ts';
import { SecretFile } from '../../node/bodies/secret-file.ts';
import { Anchors } from '../../node/log/anchors.ts';
import { Answers, identifyRequest } from '../../node/log/answers.ts';
import { LogStore } from '../../node/log/log-store.ts';
import { createFileRegister, type Register } from '../../node/log/register.ts';
import { bytesOf } from '../log/memory-log.ts';
import { AUTHORITY, logSigner, silent, START } from '../node/fixture.ts';

export const QUANTUM = 60_000;
export const TERMS = { quantum: QUANTUM, promiseSpan: 3_600_000 };
export const ORIGIN = parseOrigin(`sample/${AUTHORITY}/access`);
export const LOG_ID = logIdOf(ORIGIN);

export interface LogDirectory {
  readonly path: string;
  /** What the clock says next. */
  now: number;
  remove(): Promise<void>;
}

export async function makeLogDirectory(): Promise<LogDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'vt-custodian-'));
  return { path, now: START + 1_234, remove: () => rm(path, { recursive: true, force: true }) };
}

export interface OpenLog {
  readonly store: Store;
  readonly log: LogStore;
  readonly answers: Answers;
  readonly anchors: Anchors;
  readonly bodies: BodyStore;
  readonly register: Register;
  readonly writer: QuantumWriter;
  close(): Promise<void>;
}

/** What may stand between the log and its disk. */
export interface Wrappers {
  readonly store?: (store: Store) => Store;
  readonly bodies?: (store: Store) => Store;
  readonly register?: (register: Register) => Register;
  readonly signer?: (signer: Signer) => Signer;
  readonly fillTo?: number;
}

const same = <T>(value: T): T => value;

/** Opens the log; it writes once `writer.resume(TERMS)` was called. */
export async function openLog(directory: LogDirectory, wrap: Wrappers = {}): Promise<OpenLog> {
  const store = await openStore(join(directory.path, 'store'));
  const wrapped = (wrap.store ?? same)(store);
  const [log, answers, anchors] = [new LogStore(wrapped), new Answers(wrapped), new Anchors(wrapped)];
  const register = (wrap.register ?? same)(createFileRegister(join(directory.path, 'register')));
  const secrets = await SecretFile.open(join(directory.path, 'secrets'));
  const bodies = new BodyStore((wrap.bodies ?? same)(await openStore(join(directory.path, 'bodies'))), secrets, LOG_ID);
  await bodies.settle(readPlaceCount(store), []);
  const writer = await QuantumWriter.open({
    origin: ORIGIN,
    log,
    answers,
    bodies,
    register,
    signer: (wrap.signer ?? same)(logSigner),
    logger: silent,
    clock: () => directory.now,
    fillTo: wrap.fillTo ?? 0,
    random: (length) => new Uint8Array(randomBytes(length)),
  });
  const close = async (): Promise<void> => {
    await bodies.close();
    await store.close();
  };
  return { store, log, answers, anchors, bodies, register, writer, close };
}

export async function startLog(directory: LogDirectory, wrap: Wrappers = {}): Promise<OpenLog> {
  const open = await openLog(directory, wrap);
  await open.writer.resume(TERMS);
  return open;
}

/** In the history of `thing`. */
export function draftOf(thing: string, name: string): Draft {
  return {
    kind: 'access',
    at: { h: publicLicenceSecret(LOG_ID, thing) },
    nonce: bytesOf(`nonce ${name}`),
    body: encodeUtf8(name),
  };
}

/** Says `name` in the history of each thing, once. */
export function say(things: readonly string[], name: string): Recording {
  const request = identifyRequest(name, '/test', [...things]);
  return { request, drafts: things.map((thing) => draftOf(thing, `${name} ${thing}`)), claims: [] };
}
