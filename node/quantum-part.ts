/** Nodes of access and seals logs: bodies apart, growth by quanta. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { findLog, type LogFact } from '../core/authority/registry.ts';
import { isCodedError, unavailable } from '../core/bytes/error.ts';
import { PersonTokens } from '../service/call/person-token.ts';
import { openKeyFile } from '../service/key-file.ts';
import { keyIdOf } from '../core/authority/key-id.ts';
import { openRecordsKey } from '../service/sealed-space.ts';
import { openSigner } from '../service/signer.ts';
import { openStore } from '../service/store.ts';
import { createCustody } from './access/custody.ts';
import type { Handles, VrfKey } from './access/handles.ts';
import { Ledger } from './access/ledger.ts';
import { PersonNotices } from './access/notices.ts';
import { deskRoutes } from './api/desk-routes.ts';
import { eventRoutes } from './api/events.ts';
import { guardedReadRoutes } from './api/guarded-reads.ts';
import { officerRoutes } from './api/officer-routes.ts';
import { PartyGate } from './api/party.ts';
import { personRoutes } from './api/person-routes.ts';
import { publicReadRoutes } from './api/reads.ts';
import { sealRoutes } from './api/seal-routes.ts';
import { anchorRoute } from './api/writes.ts';
import { BodyStore } from './bodies/body-store.ts';
import { SecretFile } from './bodies/secret-file.ts';
import type { ChainParts, ClassPart, NodeBase, Offer } from './part.ts';
import { readPlaceCount } from './quantum/place-count.ts';
import { QuantumWriter } from './quantum/writer.ts';
import { SealActs } from './seals/acts.ts';
import { ownGroundOf } from './standing.ts';

export const ACCESS_ROLES = ['gateway', 'officer', 'desk', 'operator'] as const;
export const SEALS_ROLES = ['sealer', 'operator'] as const;

const GROUND_WITHIN_MS = 10_000;
/** How often it is asked whether a quantum is over. */
const GROW_EVERY_MS = 250;

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

interface Opened {
  readonly bodies: BodyStore;
  readonly writer: QuantumWriter;
}

/** What was erased is erased again before anything is served. */
async function openQuantumLog(base: NodeBase, erased: readonly number[]): Promise<Opened> {
  const { config, store, logId, logger } = base;
  const { directory, secretsFile } = config.bodies!;
  const bodies = new BodyStore(await openStore(directory), await SecretFile.open(secretsFile), logId);
  const { lost, erasedAgain } = await bodies.settle(readPlaceCount(store), erased);
  if (lost > 0) logger.warn({ count: lost }, 'the file of bodies’ keys is older than the log: keys are lost');
  if (erasedAgain > 0)
    logger.warn({ count: erasedAgain }, 'the file of bodies’ keys is older than the log: keys were erased again');
  const writer = await QuantumWriter.open({ ...base, bodies, fillTo: config.padQuantumTo, random });
  return { bodies, writer };
}

async function keepGrowing({ signal }: NodeBase, writer: QuantumWriter): Promise<void> {
  while (!signal.aborted) {
    await writer.grow();
    await sleep(GROW_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

const ageOf =
  ({ follower }: ChainParts) =>
  (): number =>
    follower.polledMsAgo() ?? Number.MAX_SAFE_INTEGER;

function pendingGauge(writer: QuantumWriter): NonNullable<Offer['gauges']> {
  return { log_pending_entries: ['Entries that are promised and not in the tree yet', () => writer.pending.count] };
}

function noticeGauges(notices: PersonNotices | null): NonNullable<Offer['gauges']> {
  if (notices === null) return {};
  return {
    waiting_notices: ['Notices to persons that the portal has not taken yet', () => notices.waiting],
    dropped_notices: ['Notices that were not kept, because too many wait, since the start', () => notices.dropped],
  };
}

export async function openSealsPart(base: NodeBase): Promise<ClassPart> {
  const { signer, tokens, logId } = base;
  const { bodies, writer } = await openQuantumLog(base, []);
  const promises = { logId, signer, requireGoing: () => writer.requireGoing() };
  const acts = new SealActs({ ...base, pending: writer.pending, bodies, random });
  const offer = (chain: ChainParts): Offer => ({
    hot: publicReadRoutes({ ...base, writer, polledMsAgo: ageOf(chain) }),
    routes: [...sealRoutes({ ...base, bodies, writer, acts, promises }, tokens), anchorRoute(chain.anchorLoop, tokens)],
    gauges: pendingGauge(writer),
  });
  return { writer, keyIds: {}, offer, run: () => keepGrowing(base, writer), close: () => bodies.close() };
}

export async function openAccessPart(base: NodeBase): Promise<ClassPart> {
  const { config, passphrase, signer, tokens, store, clock } = base;
  const records = await openRecordsKey(config.keys.records!, passphrase);
  const requestSigner = await openSigner(config.keys.request!, passphrase, 'request');
  const vrfKeys = await openVrfKeys(config.keys.vrf!, passphrase);
  const { bodies, writer } = await openQuantumLog(base, await new Ledger(store, records).erasedPlaces());
  const notices = config.notices ? await PersonNotices.open({ ...base, records, ...config.notices }) : null;
  const offer = (chain: ChainParts): Offer => {
    const custody = createCustody({
      ...base,
      ...custodyTerms(base, chain),
      bodies,
      writer,
      logSigner: signer,
      requestSigner,
      vrfKeys,
      records,
      maxStatusAgeMs: config.maxStatusAgeMs,
      replyWithinMs: config.replyWithinMs,
      notices,
      random,
    });
    const gate = new PartyGate({ judge: custody.judge, publicUrl: config.publicUrl ?? null, clock });
    const persons = config.identity && new PersonTokens(config.identity, clock);
    return {
      hot: guardedReadRoutes({ ...base, writer, polledMsAgo: ageOf(chain) }, gate),
      routes: [
        ...eventRoutes(custody, tokens),
        ...(persons === undefined ? [] : personRoutes(custody, persons)),
        ...officerRoutes(custody, tokens),
        ...deskRoutes(custody, tokens),
        anchorRoute(chain.anchorLoop, tokens),
      ],
      checks: { handles: () => handleTrouble(custody.handles, custody.logFact) },
      gauges: { ...pendingGauge(writer), ...noticeGauges(notices) },
    };
  };
  const keyIds = { requestKeyId: requestSigner.keyId };
  let telling = Promise.resolve();
  const run = (): Promise<void> => {
    if (notices !== null) telling = notices.run();
    return keepGrowing(base, writer);
  };
  const close = async (): Promise<void> => {
    await telling;
    await bodies.close();
  };
  return { writer, keyIds, offer, run, close };
}

async function openVrfKeys(paths: readonly string[], passphrase: string): Promise<VrfKey[]> {
  const keys: VrfKey[] = [];
  for (const path of paths) {
    const { privateKey, publicKey } = await openKeyFile(path, passphrase, 'vrf');
    keys.push({ privateKey, keyId: keyIdOf(publicKey) });
  }
  return keys;
}

function custodyTerms({ logId }: NodeBase, { follower, watch, anchorLoop }: ChainParts) {
  return {
    logFact: (): LogFact => {
      const log = findLog(follower.facts, logId);
      if (log === undefined) throw unavailable('the chain was not read yet');
      return log;
    },
    facts: () => follower.facts,
    factsAgeMs: () => follower.polledMsAgo(),
    reach: (since: number) => anchorLoop.reach(Math.max(since, ownGroundOf(watch.standing)), GROUND_WITHIN_MS),
  };
}

/** Null when every epoch's history can be told. */
function handleTrouble(handles: Handles, logFact: () => LogFact): string | null {
  try {
    handles.epochs(logFact());
    return null;
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return error.message;
  }
}
