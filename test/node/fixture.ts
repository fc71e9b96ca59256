/** A log in a temporary directory with fixed keys and a clock of its own, and what a test asks of it. Nothing in it is mocked. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError, type ErrorCode } from '../../core/bytes/error.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { publicLicenceSecret } from '../../core/log/slot.ts';
import type { Signer } from '../../service/signer.ts';
import { openStore, type Store } from '../../service/store.ts';
import { Answers, identifyRequest } from '../../node/log/answers.ts';
import { Anchors } from '../../node/log/anchors.ts';
import type { Draft, Histories } from '../../node/log/batch.ts';
import { LogStore } from '../../node/log/log-store.ts';
import { createFileRegister, type Register } from '../../node/log/register.ts';
import { LogWriter, type Write } from '../../node/log/writer.ts';
import { signerNamed } from '../chain/consortium-fixture.ts';
import { bytesOf } from '../log/memory-log.ts';

export const AUTHORITY = '11100000000013338W';
export const ORIGIN = parseOrigin(`sample/${AUTHORITY}/licences`);
export const LOG_ID = logIdOf(ORIGIN);
export const TERMS = { quantum: 1000, promiseSpan: 60_000 };
export const START = Date.UTC(2026, 0, 1);
export const silent = pino({ level: 'silent' });

export const logSigner = signerNamed('log key');
export const LOG_KEY = logSigner.publicKey;
export const LOG_KEY_ID = keyIdOf(LOG_KEY);

export interface LogDirectory {
  readonly path: string;
  /** What the clock says next. */
  now: number;
  remove(): Promise<void>;
}

export async function makeLogDirectory(): Promise<LogDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'vt-node-'));
  return { path, now: START, remove: () => rm(path, { recursive: true, force: true }) };
}

export interface OpenLog {
  readonly store: Store;
  readonly log: LogStore;
  readonly answers: Answers;
  readonly anchors: Anchors;
  readonly register: Register;
  readonly writer: LogWriter;
  close(): Promise<void>;
}

/** What may stand between the log and its disk. */
export interface Wrappers {
  readonly store?: (store: Store) => Store;
  readonly register?: (register: Register) => Register;
  readonly signer?: (signer: Signer) => Signer;
}

const same = <T>(value: T): T => value;

/** Opens the log; it writes once `writer.resume(TERMS)` was called. */
export async function openLog(directory: LogDirectory, wrap: Wrappers = {}): Promise<OpenLog> {
  const store = await openStore(join(directory.path, 'store'));
  const wrapped = (wrap.store ?? same)(store);
  const [log, answers, anchors] = [new LogStore(wrapped), new Answers(wrapped), new Anchors(wrapped)];
  const register = (wrap.register ?? same)(createFileRegister(join(directory.path, 'register')));
  const signer = (wrap.signer ?? same)(logSigner);
  const clock = (): number => directory.now;
  const writer = await LogWriter.open({ origin: ORIGIN, log, answers, register, signer, logger: silent, clock });
  return { store, log, answers, anchors, register, writer, close: () => store.close() };
}

export async function startLog(directory: LogDirectory, wrap: Wrappers = {}): Promise<OpenLog> {
  const open = await openLog(directory, wrap);
  await open.writer.resume(TERMS);
  return open;
}

export function draftOf(thing: string, name: string): Draft {
  return { kind: 'issue', h: publicLicenceSecret(LOG_ID, thing), nonce: bytesOf(`nonce ${name}`), body: encodeUtf8(name) };
}

/** Says `name` in the history of `thing`, once. */
export function say(thing: string, name: string, plan?: (log: Histories, draft: Draft) => readonly Draft[]): Write {
  const draft = draftOf(thing, name);
  const request = identifyRequest(name, '/test', { thing });
  return { request, entryCount: 1, plan: (log) => (plan ? plan(log, draft) : [draft]), said: { thing } };
}

export interface SaidAnswer {
  readonly entries: readonly {
    readonly kind: string;
    readonly leafHash: string;
    readonly index: number;
    readonly promise: {
      readonly logId: string;
      readonly slot: string;
      readonly leafHash: string;
      readonly issuedAt: number;
      readonly deadline: number;
      readonly keyId: string;
      readonly signature: string;
    };
  }[];
}

export function readAnswer(answer: Uint8Array): SaidAnswer {
  return JSON.parse(decodeUtf8(answer)) as SaidAnswer;
}

/** The code of the error that `work` ends with. Fails when it does not. */
export async function refusalOf(work: Promise<unknown>): Promise<ErrorCode> {
  try {
    await work;
  } catch (error) {
    if (isCodedError(error)) return error.code;
    throw error;
  }
  throw new Error('it was not refused');
}
