/**
 * What may be read of an access log: the checkpoint by anyone; tiles and slot proofs by registered parties alone, and by no cache on the
 * way. There are no openings: bodies are the persons'.
 */
import { parseJson } from '../../core/bytes/json.ts';
import { parseTilePath } from '../../core/log/tile.ts';
import { formatLookupAnswer, parseLookupQuestion } from '../../core/verify/lookup.ts';
import { readBody } from '../../service/body.ts';
import { type HotRoute, sendBytes, sendJson } from '../../service/http.ts';
import { lookUp, type LookupSources } from '../log/lookup.ts';
import { readTile } from '../log/tiles.ts';
import type { PartyGate } from './party.ts';
import { MAX_QUESTION_BYTES, requireNewest, sendCheckpoint } from './reads.ts';

const NO_BODY = new Uint8Array(0);

export function guardedReadRoutes(sources: LookupSources, gate: PartyGate): HotRoute[] {
  return [
    { method: 'GET', path: '/checkpoint', handle: (call) => sendCheckpoint(sources, call) },
    {
      method: 'GET',
      path: '/tile/',
      handle: async ({ request, response, rest }) => {
        gate.verify(request, NO_BODY);
        const tile = parseTilePath(`/tile/${rest}`);
        sendBytes(response, await readTile(sources.log, requireNewest(sources).checkpoint.size, tile));
      },
    },
    {
      method: 'POST',
      path: '/v1/lookup',
      handle: async ({ request, response }) => {
        const body = await readBody(request, { type: 'application/json', maxBytes: MAX_QUESTION_BYTES });
        gate.verify(request, body);
        sendJson(response, formatLookupAnswer(await lookUp(sources, parseLookupQuestion(parseJson(body)))));
      },
    },
  ];
}
