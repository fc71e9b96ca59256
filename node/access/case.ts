/**
 * What an auditor sees. Each look-up is an access event of the auditor's own authority first: about the person whose history it is, or about
 * nobody where entries are searched. Persons in what is found stand under pseudonyms, the same throughout a case and others in every other,
 * until a second person has approved that they be named; then each of them finds that in her history.
 */
import type { Envelope } from '../../core/authority/envelope.ts';
import { formatEnvelope } from '../../core/authority/envelope.ts';
import { concatBytes, encodeBase64, encodeHex, encodeUtf8, equalBytes } from '../../core/bytes/bytes.ts';
import { forbidden, invariant, notFound, unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { type AccessBody, parseAccessBody } from '../../core/access/body.ts';
import { encodeNumber } from '../../core/access/handle.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { proveInclusion } from '../../core/log/tree-proof.ts';
import { hmacSm3 } from '../../core/sm/hmac.ts';
import type { RecordsKey } from '../../service/sealed-space.ts';
import type { LogStore } from '../log/log-store.ts';
import type { RecordedEntry } from '../quantum/acceptance.ts';
import type { EventFilter, EventIndex, FoundEvent } from './event-index.ts';
import type { PersonHistories } from './history.ts';
import type { JudgedRequest } from './judge.ts';
import type { Ledger } from './ledger.ts';

export interface CaseOptions {
  readonly log: LogStore;
  readonly index: EventIndex;
  readonly histories: PersonHistories;
  readonly ledger: Ledger;
  readonly records: RecordsKey;
}

const NAME = encodeUtf8('veritrail-pseudonym-v1');
const MAX_ENTRIES = 1000;

export interface EntrySearch extends EventFilter {
  /** So many, the newest, were shown before. */
  readonly skip?: number;
}

/** Throws FORBIDDEN: an auditor who does not say in which case she looks is nobody's auditor. */
export function requireCase({ request }: JudgedRequest, action: string): string {
  if (request.case === null) throw forbidden('the request names no case');
  if (request.action !== action) throw forbidden('the request is for another action', { wanted: action });
  return request.case;
}

/** Throws FORBIDDEN unless another operator of the same authority approves, in the same case, the very request. */
export function requireApproval(request: JudgedRequest, approval: JudgedRequest): void {
  const { parent, operator, accessor } = approval.request;
  if (parent === null || !equalBytes(parent, request.digest)) throw forbidden('the approval is of another request');
  if (requireCase(approval, 'approve') !== request.request.case || accessor !== request.request.accessor)
    throw forbidden('the approval is in another case');
  const isSame = operator.id === request.request.operator.id;
  const ofOwnKey = [request, approval].every((one) => one.request.grade === 'personal-key');
  const keys = [request, approval].map((one) => one.request.operator.publicKey);
  if (isSame || (ofOwnKey && equalBytes(keys[0]!, keys[1]!))) throw forbidden('nobody approves what she asks for herself');
}

export class Cases {
  readonly #options: CaseOptions;

  constructor(options: CaseOptions) {
    this.#options = options;
  }

  /** Entries of the events found, the newest first, at this checkpoint; with what they say but for the persons. */
  async entries(request: JudgedRequest, { skip = 0, ...filter }: EntrySearch, checkpoint: Checkpoint): Promise<JsonObject> {
    const rows: JsonObject[] = [];
    let passed = 0;
    for await (const event of this.#options.index.find(filter)) {
      const { entries } = event.recorded;
      const left = entries.slice(Math.max(0, skip - passed));
      passed += entries.length;
      for (const entry of left) {
        if (rows.length === MAX_ENTRIES) return { entries: rows, isAll: false };
        rows.push(await this.#describe(request, event, entry, checkpoint));
      }
    }
    return { entries: rows, isAll: true };
  }

  async #describe(
    request: JudgedRequest,
    event: FoundEvent,
    { leafHash, slot }: RecordedEntry,
    at: Checkpoint,
  ): Promise<JsonObject> {
    const content = await this.#options.histories.contentOf(leafHash);
    const body = content.state === 'opened' ? parseAccessBody(content.body) : null;
    const envelopes = body === null ? { request: null, outcome: null } : formatEnvelopes(body);
    return {
      ...this.#place(slot, leafHash, at),
      requestDigest: event.request,
      recordedAt: event.recorded.recordedAt,
      state: content.state,
      ...envelopes,
      pseudonym: body === null || body.subject === null ? null : this.#pseudonymOf(request, body.subject.number),
    };
  }

  #place(slot: Hash, leafHash: Hash, { size }: Checkpoint): JsonObject {
    const { log } = this.#options;
    const entryIndex = log.indexAt(slot);
    const isIn = entryIndex !== undefined && entryIndex < size;
    return {
      leafHash: encodeHex(leafHash),
      index: isIn ? entryIndex : null,
      entry: isIn ? encodeBase64(log.entry(entryIndex)) : null,
      inclusion: isIn ? proveInclusion(entryIndex, size, log.tree).map(encodeHex) : null,
    };
  }

  /** 16 hex. Without the records key nobody leads it back, and no other case has the same. */
  #pseudonymOf({ request }: JudgedRequest, number: CanonicalNumber): string {
    invariant(request.case !== null, 'an auditor’s request names a case');
    const scope = encodeUtf8(JSON.stringify([request.accessor, request.case]));
    const key = hmacSm3(this.#options.records.secret, concatBytes(NAME, scope));
    return encodeHex(hmacSm3(key, encodeNumber(number)).subarray(0, 8));
  }

  /** The persons of these entries, and what the entries say in full. Throws NOT_FOUND for one that is not opened. */
  async unmask(leafHashes: readonly Hash[]): Promise<{ readonly persons: CanonicalNumber[]; readonly opened: JsonObject[] }> {
    const persons: CanonicalNumber[] = [];
    const opened: JsonObject[] = [];
    for (const leafHash of leafHashes) {
      const content = await this.#options.histories.contentOf(leafHash);
      if (content.state === 'lost') throw unavailable('a body cannot be read');
      if (content.state !== 'opened') throw notFound('an entry that is not opened names nobody');
      const { subject, outcome } = parseAccessBody(content.body);
      if (subject === null) throw notFound('an entry about nobody');
      const { seal } = outcome.outcome;
      if (seal !== null && this.#options.ledger.released.getSync(seal) === undefined)
        throw notFound('an entry that is not opened names nobody');
      persons.push(subject.number);
      opened.push({ leafHash: encodeHex(leafHash), nonce: encodeHex(content.nonce), body: encodeBase64(content.body) });
    }
    return { persons, opened };
  }
}

function formatEnvelopes({ request, outcome }: AccessBody): JsonObject {
  const format = ({ envelope }: { readonly envelope: Envelope }): JsonObject => formatEnvelope(envelope);
  return { request: format(request), outcome: format(outcome) };
}
