/** A department's node that lies: it promises licences that it then may or may not record. */
import { parseJson, type JsonObject } from '../../core/bytes/json.ts';
import { originParts } from '../../core/log/origin.ts';
import { prepareIssue } from '../../node/api/issue.ts';
import { encodeUnsignedAnswer, signAnswer } from '../../node/log/promises.ts';
import { readBody } from '../../service/body.ts';
import { type HotRoute, sendBytes, sendJson } from '../../service/http.ts';
import type { Signer } from '../../service/signer.ts';
import { EvilNode, type EvilNodeOptions } from './evil-node.ts';

export interface EvilIssuerOptions extends EvilNodeOptions {
  readonly documentSigner: Signer;
}

/** Far within the registered span: a promise that a test can wait for. */
export const PROMISE_MS = 2_000;

export class EvilIssuer extends EvilNode {
  readonly #options: EvilIssuerOptions;

  constructor(options: EvilIssuerOptions) {
    super(options);
    this.#options = options;
  }

  /** Promises what it then may or may not do. */
  async issue(request: JsonObject, { isRecorded = true, recordedAt = this.now(), into = this.log } = {}): Promise<Uint8Array> {
    const { origin, documentSigner, signer } = this.#options;
    const issuer = { origin, code: originParts(origin).uscc, documentSigner, publicFields: {} };
    const { plan, said } = await prepareIssue(issuer, request as unknown as Parameters<typeof prepareIssue>[1]);
    const rows = into.recordOf(plan(into), recordedAt);
    if (isRecorded) into.append(rows);
    const issuedAt = Date.now();
    const terms = { logId: into.logId, issuedAt, deadlineAt: issuedAt + PROMISE_MS };
    return signAnswer(encodeUnsignedAnswer(said, rows, terms), signer);
  }

  issuerRoutes(lie: (request: JsonObject) => Promise<JsonObject>): HotRoute[] {
    return [
      ...this.routes(),
      {
        method: 'POST',
        path: '/v1/licences',
        handle: async ({ request, response }) => {
          const body = parseJson(await readBody(request, { type: 'application/json' })) as JsonObject;
          // What an issue rests on must stand before an anchored checkpoint that lacks it: an empty one will do.
          if (this.face === null) await this.publish(await this.sign(this.log));
          const answer = await this.issue(body);
          await this.publish(await this.sign(this.log));
          sendBytes(response, answer, 'application/json', 201);
        },
      },
      {
        method: 'POST',
        path: '/evil/lie',
        handle: async ({ request, response }) => {
          const body = parseJson(await readBody(request, { type: 'application/json' })) as JsonObject;
          sendJson(response, await lie(body));
        },
      },
    ];
  }
}
