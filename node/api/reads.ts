/** What anyone may read of a licence log: checkpoint, tiles, openings (blind without h) and slot proofs. Hot paths: no Express. */
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { notFound, unavailable } from '../../core/bytes/error.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { parseTilePath } from '../../core/log/tile.ts';
import { formatLookupAnswer, parseLookupQuestion } from '../../core/verify/lookup.ts';
import { readBody } from '../../service/body.ts';
import { type HotCall, type HotRoute, sendBytes, sendJson } from '../../service/http.ts';
import { lookUp, type LookupSources } from '../log/lookup.ts';
import { readTile } from '../log/tiles.ts';
import type { Published } from '../log/published.ts';

export const MAX_QUESTION_BYTES = 16 << 10;
/** A tile of a given width is the same for ever. */
const FOR_EVER = 'public, max-age=31536000, immutable';

export function readRoutes(sources: LookupSources): HotRoute[] {
  return [...publicReadRoutes(sources), { method: 'GET', path: '/opening/', handle: (call) => sendOpening(sources, call) }];
}

/** Without openings: of a seals log. */
export function publicReadRoutes(sources: LookupSources): HotRoute[] {
  return [
    { method: 'GET', path: '/checkpoint', handle: (call) => sendCheckpoint(sources, call) },
    { method: 'GET', path: '/tile/', handle: (call) => sendTile(sources, call) },
    { method: 'POST', path: '/v1/lookup', handle: (call) => sendLookup(sources, call) },
  ];
}

export function requireNewest({ writer }: Pick<LookupSources, 'writer'>): Published {
  if (writer.newest === null) throw unavailable('nothing is published yet');
  return writer.newest;
}

export function sendCheckpoint(sources: LookupSources, { response }: HotCall): void {
  sendBytes(response, encodeUtf8(requireNewest(sources).note), 'text/plain; charset=utf-8');
}

async function sendTile(sources: LookupSources, { response, rest }: HotCall): Promise<void> {
  const tile = parseTilePath(`/tile/${rest}`);
  const bytes = await readTile(sources.log, requireNewest(sources).checkpoint.size, tile);
  response.setHeader('Cache-Control', FOR_EVER);
  sendBytes(response, bytes);
}

async function sendOpening({ log }: LookupSources, { response, rest }: HotCall): Promise<void> {
  const opening = await log.openings.get(hashFromHex(rest));
  if (opening === undefined) throw notFound('there is no such opening');
  sendBytes(response, opening);
}

async function sendLookup(sources: LookupSources, { request, response }: HotCall): Promise<void> {
  const body = await readBody(request, { type: 'application/json', maxBytes: MAX_QUESTION_BYTES });
  sendJson(response, formatLookupAnswer(await lookUp(sources, parseLookupQuestion(parseJson(body)))));
}
