/** The swap register's two routes; a program without a witness's key has none (core/verify/swap.ts draws the messages). */
import { parseJson } from '../../core/bytes/json.ts';
import { formatSwapState, parseSwapRequest } from '../../core/verify/swap.ts';
import { readBody } from '../../service/body.ts';
import { sendJson } from '../../service/http.ts';
import type { SwapRegister } from '../register.ts';
import { type DescribedRoute, jsonOf, readLogId } from './route.ts';
import { SWAP_REQUEST, SWAP_STATE } from './shape.ts';

const MAX_BYTES = 16 << 10;

export function swapRoutes(register: SwapRegister): DescribedRoute[] {
  return [
    {
      method: 'POST',
      path: '/v1/swap',
      handle: async (request, response) => {
        const body = await readBody(request, { type: 'application/json', maxBytes: MAX_BYTES });
        sendJson(response, formatSwapState(await register.swap(parseSwapRequest(parseJson(body)))));
      },
      description: {
        summary:
          'Registers a log’s next checkpoint in place of the one of oldSize; 409 with the registered size when another is there',
        bodies: [jsonOf(SWAP_REQUEST)],
        answer: jsonOf(SWAP_STATE),
      },
    },
    {
      method: 'GET',
      path: '/v1/swap/:logId',
      handle: async (request, response) => sendJson(response, formatSwapState(await register.read(readLogId(request)))),
      description: { summary: 'The checkpoint of the log that is registered here as its newest', answer: jsonOf(SWAP_STATE) },
    },
  ];
}
