/**
 * A sealing authority's node. Its log is public, and counts for anyone; what its entries say is shown by whoever seals (role sealer):
 *
 *     POST /v1/seals            {"request","legalBasis"}    kind 32 for the access with that request digest
 *     POST /v1/seals/renew      {"seal","legalBasis"}       kind 34
 *     POST /v1/seals/release    {"seal"}                    kind 33
 *     GET  /v1/seals                                        {"checkpoint":note,"entries":74 bytes each}: all of the log at its newest anchor
 *
 * A write answers `{"entries":[…],"shown":{…},"renewals":[entry]}`: what is handed to the custodian (seals/shown.ts).
 */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { concatBytes, encodeBase64, encodeHex } from '../../core/bytes/bytes.ts';
import { invariant, unavailable } from '../../core/bytes/error.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { isPlainText } from '../../core/bytes/plain-text.ts';
import { commitmentOf, encodeEntry, KINDS } from '../../core/log/entry.ts';
import { parseIdempotencyKey, readJson } from '../../service/body.ts';
import { type Route, sendBytes, sendJson } from '../../service/http.ts';
import { requireRole, type Tokens } from '../../service/token.ts';
import { describeEntries, type PromiseSigner } from '../access/receipt.ts';
import type { BodyStore } from '../bodies/body-store.ts';
import type { Anchors } from '../log/anchors.ts';
import type { LogStore } from '../log/log-store.ts';
import type { Recorded, Recording } from '../quantum/acceptance.ts';
import type { SealActs } from '../seals/acts.ts';
import { HASH } from './person-routes.ts';
import { recordOnce, type RecordWorld } from './record.ts';

export interface SealsWorld extends RecordWorld {
  readonly log: LogStore;
  readonly anchors: Anchors;
  readonly bodies: BodyStore;
  readonly acts: SealActs;
  readonly promises: PromiseSigner;
}

const LEGAL_BASIS = z.string().refine((text) => isPlainText(text, 500));
const SEAL = z.strictObject({ request: HASH, legalBasis: LEGAL_BASIS });
const RENEWAL = z.strictObject({ seal: HASH, legalBasis: LEGAL_BASIS });
const RELEASE = z.strictObject({ seal: HASH });
const MAX_BYTES = 16 << 10;
const AT_ONCE = 4096;

export function sealRoutes(world: SealsWorld, tokens: Tokens): Route[] {
  const { acts } = world;
  const asSealer = [requireRole(tokens, 'sealer')];
  const route = (path: string, handle: (request: Request, response: Response) => Promise<void>): Route => ({
    method: 'POST',
    path,
    guards: asSealer,
    handle,
  });
  return [
    route('/v1/seals', async (request, response) => {
      const body = await readJson(request, SEAL, MAX_BYTES);
      const { legalBasis } = body;
      const prepare = async () => acts.seal({ legalBasis, request: hashFromHex(body.request) });
      await write(world, request, response, { body, seal: null, prepare });
    }),
    route('/v1/seals/renew', async (request, response) => {
      const body = await readJson(request, RENEWAL, MAX_BYTES);
      await write(world, request, response, {
        body,
        seal: body.seal,
        prepare: () => acts.renew(hashFromHex(body.seal), body.legalBasis),
      });
    }),
    route('/v1/seals/release', async (request, response) => {
      const body = await readJson(request, RELEASE, MAX_BYTES);
      await write(world, request, response, { body, seal: body.seal, prepare: () => acts.release(hashFromHex(body.seal)) });
    }),
    { method: 'GET', path: '/v1/seals', handle: async (_request, response) => sendJson(response, await allOf(world)) },
  ];
}

interface SealWrite {
  readonly body: JsonObject;
  readonly seal: string | null;
  readonly prepare: () => Promise<Omit<Recording, 'request'>>;
}

async function write(world: SealsWorld, request: Request, response: Response, { body, seal, prepare }: SealWrite): Promise<void> {
  const answer = await recordOnce(world, {
    key: parseIdempotencyKey(request),
    route: request.path,
    body,
    prepare: async () => ({ act: await prepare() }),
    describe: async (recorded) => {
      const entries = await describeEntries(world.promises, recorded);
      const renewals = seal === null ? [] : world.acts.renewals(hashFromHex(seal)).map(encodeBase64);
      return { entries, shown: await describeShown(world, recorded, entries), renewals };
    },
  });
  sendBytes(response, answer, 'application/json', 201);
}

async function describeShown({ bodies }: SealsWorld, { entries, recordedAt }: Recorded, rows: JsonObject[]): Promise<JsonObject> {
  const { kind, slot, leafHash } = entries[0]!;
  const opened = await bodies.open(leafHash);
  invariant(opened !== null, 'what a seals log says is not erased');
  const { nonce, body } = opened;
  const entry = encodeEntry({ kind: KINDS[kind], recordedAt, slot, commitment: commitmentOf(nonce, body) });
  return { entry: encodeBase64(entry), nonce: encodeHex(nonce), body: encodeBase64(body), promise: rows[0]!['promise']! };
}

async function allOf({ log, anchors }: SealsWorld): Promise<JsonObject> {
  const { newest } = anchors;
  const note = newest === null ? undefined : log.noteOf(newest);
  if (newest === null || note === undefined) throw unavailable('no checkpoint of this log is anchored yet');
  const parts: Uint8Array[] = [];
  for (let from = 0; from < newest.size; from += AT_ONCE) {
    parts.push(concatBytes(...(await log.entriesFrom(from, Math.min(AT_ONCE, newest.size - from)))));
  }
  return { checkpoint: note, entries: encodeBase64(concatBytes(...parts)) };
}
