/** All that a verifier serves, in one table. */
import type { SwapRegister } from '../register.ts';
import type { Changes } from './changes.ts';
import { chargeRoutes, type ChargeSources } from './charge-routes.ts';
import { logRoutes, type LogSources } from './log-routes.ts';
import { sendLookup } from './lookup.ts';
import { openApiRoute } from './openapi.ts';
import { registryRoutes, type RegistrySources } from './registry-routes.ts';
import { type DescribedHotRoute, type DescribedRoute, jsonOf } from './route.ts';
import { sealRoutes } from './seal-routes.ts';
import { BATCH_LINE, EVIDENCE, EVIDENCE_REQUEST, LOOKUP_ANSWER, LOOKUP_QUESTION, VERDICT, VERIFY_REQUEST } from './shape.ts';
import { standingRoutes } from './standing-routes.ts';
import { swapRoutes } from './swap-routes.ts';
import { answerBatch, answerEvidence, answerVerify, type VerifySources } from './verify.ts';

export interface ApiSources extends VerifySources, LogSources, RegistrySources, ChargeSources {
  readonly changes: Changes;
  /** Null when this program has no witness's key. */
  readonly register: SwapRegister | null;
}

function hotRoutes(sources: ApiSources): DescribedHotRoute[] {
  return [
    {
      method: 'POST',
      path: '/v1/lookup',
      handle: ({ request, response, rest, query }) => sendLookup(sources, { request, response, rest, query }),
      description: {
        summary: 'Entries at slots, or the proof that there are none, with the checkpoints these stand on',
        bodies: [jsonOf(LOOKUP_QUESTION)],
        answer: jsonOf(LOOKUP_ANSWER),
      },
    },
  ];
}

function verdictRoutes(sources: ApiSources): DescribedRoute[] {
  return [
    {
      method: 'POST',
      path: '/v1/verify',
      handle: (request, response) => answerVerify(sources, request, response),
      description: {
        summary: 'The verdict on a file, sent as bytes (hashed and not kept) or named by its SM3 digest',
        bodies: [{ type: 'application/octet-stream', schema: null }, jsonOf(VERIFY_REQUEST)],
        answer: jsonOf(VERDICT),
      },
    },
    {
      method: 'POST',
      path: '/v1/verify/batch',
      handle: (request, response) => answerBatch(sources, request, response),
      description: {
        summary: 'One verdict a line for one question a line, in the same order',
        bodies: [{ type: 'application/x-ndjson', schema: VERIFY_REQUEST }],
        answer: { type: 'application/x-ndjson', schema: BATCH_LINE },
      },
    },
    {
      method: 'POST',
      path: '/v1/evidence',
      handle: (request, response) => answerEvidence(sources, request, response),
      description: {
        summary:
          'The evidence file: as confidential as the file it is about. It serves any instant, so `at` changes nothing in it',
        bodies: [jsonOf(EVIDENCE_REQUEST)],
        answer: jsonOf(EVIDENCE),
      },
    },
  ];
}

export function apiRoutes(sources: ApiSources): { readonly hot: DescribedHotRoute[]; readonly routes: DescribedRoute[] } {
  const hot = hotRoutes(sources);
  const swap = sources.register === null ? [] : swapRoutes(sources.register);
  const others = [...verdictRoutes(sources), ...logRoutes(sources), ...registryRoutes(sources), sources.changes.route()];
  const described = [
    ...others,
    ...standingRoutes(sources),
    ...sealRoutes(sources, sources.seals),
    ...chargeRoutes(sources),
    ...swap,
  ];
  return { hot, routes: [...described, openApiRoute([...hot, ...described])] };
}
