/**
 * Custodians in memory over the real core: access logs with real handles, signed requests and outcomes, entries, proofs and anchors, in the
 * consortium of test/verify/story.ts. A test tells who read whose data, and may make a custodian lie on the way out.
 */
import type { AccessAnswer } from '../../core/access/answer.ts';
import { encodeAccessBody } from '../../core/access/body.ts';
import { handleOf, proveHandle } from '../../core/access/handle.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import { type AccessOutcome, encodeOutcome, outcomeSignedBytes } from '../../core/access/outcome.ts';
import { type AccessRequest, encodeRequest, requestDigestOf, requestSignedBytes } from '../../core/access/request.ts';
import { growSubjectTree } from '../../core/access/subject.ts';
import type { Envelope } from '../../core/authority/envelope.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { encodeBase64, encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { notFound } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { encodeErasure, encodeObjection, encodeReply } from '../../core/redress/redress.ts';
import type { AccessCopies, AccessCopy } from '../../core/citizen/copies.ts';
import { commitmentOf, decodeEntry, encodeEntry, KINDS } from '../../core/log/entry.ts';
import { proveHistory } from '../../core/log/history.ts';
import { parseNote } from '../../core/log/note.ts';
import { signPromise } from '../../core/log/promise.ts';
import type { Signer } from '../../core/log/signer.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { worldOf } from '../../core/verify/world.ts';
import { bytesOf } from '../log/memory-log.ts';
import { signerNamed, Story } from '../verify/story.ts';
import { AccessLog, DAY, HOUSING, INSURANCE, ORDINARY, POLICE, SERVICE } from './access-log.ts';

const SECOND = 1000;

export interface Reading {
  readonly request?: Partial<AccessRequest>;
  readonly outcome?: Partial<AccessOutcome>;
  /** Who else is a subject of the same event. */
  readonly others?: readonly CanonicalNumber[];
  /** Whose history the entry goes into, if not the subject's own: a lie. */
  readonly underNumber?: CanonicalNumber;
  /** Promised to the accessor, and recorded nowhere: another lie. */
  readonly isHidden?: boolean;
}

export class AccessStory extends Story {
  readonly custodians = new Map<string, AccessLog>();
  /** What SERVICE keeps of its own accesses. */
  readonly kept: { readonly person: CanonicalNumber; readonly copy: AccessCopy }[] = [];

  constructor(clock = Date.now() - 45 * DAY) {
    super();
    this.clock = clock;
    this.#enter(SERVICE, '样例市政务服务局');
    for (const purpose of ['service.requested', 'identity.verification']) this.#grant(SERVICE, purpose);
    this.addCustodian(POLICE, '样例市公安局');
    this.addCustodian(INSURANCE, '样例市人力资源和社会保障局');
    this.addCustodian(HOUSING, '样例市住房公积金管理中心', false);
  }

  #enter(code: string, name: string): void {
    this.enter(parseUscc(code), name, { hasScope: false });
    const { publicKey } = signerNamed(`request key of ${code}`);
    this.happen({ kind: 'key-added', code, keyId: keyIdOf(publicKey), keyType: 'request', publicKey, validFrom: this.clock });
  }

  #grant(code: string, purpose: string): void {
    const terms = { validFrom: this.clock, validTo: null, parentId: null };
    this.happen({ kind: 'duty-granted', dutyId: bytesOf(`${code} ${purpose}`), code, purpose, ...terms });
  }

  /** Without a VRF key it is registered and not connected. */
  addCustodian(code: string, name: string, isConnected = true): AccessLog {
    const log = new AccessLog(code);
    this.#enter(code, name);
    const { logId, origin } = log;
    const spans = { quantum: SECOND, beat: 60 * SECOND, promiseSpan: 180 * SECOND, term: null };
    this.happen({ kind: 'log-registered', logId, owner: code, origin, class: 'access', ...spans });
    this.custodians.set(code, log);
    this.logs.push(log);
    if (isConnected) this.rotate(code);
    return log;
  }

  /** A new epoch. */
  rotate(code: string): void {
    const log = this.log(code);
    const key = parsePrivateKey(bytesOf(`vrf key ${log.vrfKeys.length} of ${code}`));
    const [publicKey, fromIndex] = [publicKeyOf(key), log.rows.length];
    const keyId = keyIdOf(publicKey);
    this.happen(
      { kind: 'key-added', code, keyId, keyType: 'vrf', publicKey, validFrom: this.clock },
      { kind: 'vrf-key-set', logId: log.logId, keyId, fromIndex },
    );
    log.vrfKeys.push(key);
  }

  /** A public seals log, with so many seals that are still under seal, the first `overdue` of them for too long. */
  addSeals(code: string, name: string, { count, overdue }: { readonly count: number; readonly overdue: number }): AccessLog {
    const log = new AccessLog(code, 'seals');
    this.#enter(code, name);
    const { logId, origin } = log;
    const spans = { quantum: SECOND, beat: 60 * SECOND, promiseSpan: 180 * SECOND, term: DAY };
    this.happen({ kind: 'log-registered', logId, owner: code, origin, class: 'seals', ...spans });
    this.custodians.set(origin, log);
    this.logs.push(log);
    for (let i = 0; i < count; i++) {
      const at = Math.floor((this.clock - (i < overdue ? 2 * DAY : 0)) / SECOND) * SECOND;
      log.append({
        kind: KINDS.seal,
        recordedAt: at,
        slot: bytesOf(`seal ${i}`),
        commitment: commitmentOf(bytesOf(`nonce ${i}`), bytesOf('seal')),
      });
    }
    return log;
  }

  log(code: string): AccessLog {
    return this.custodians.get(code)!;
  }

  #signed(payload: Uint8Array, signedBytes: Uint8Array, signer: Signer): Envelope {
    return { payload, signatures: [{ keyId: keyIdOf(signer.publicKey), signature: signer.sign(signedBytes) }] };
  }

  /** SERVICE reads what `code` has about the person; returns the entry's leaf hash. */
  read(
    code: string,
    person: CanonicalNumber,
    { request: asked = {}, outcome: got = {}, others = [], underNumber = person, isHidden = false }: Reading = {},
  ): Hash {
    const log = this.log(code);
    const at = this.tick();
    const request: AccessRequest = {
      ...ORDINARY,
      accessor: parseUscc(SERVICE),
      custodian: parseUscc(code),
      nonce: bytesOf(`request nonce ${log.rows.length}`),
      queryDigest: bytesOf(`query ${log.rows.length}`),
      requestedAt: at,
      ...asked,
    };
    const requestPayload = encodeRequest(request);
    const numbers = [person, ...others];
    const tree = growSubjectTree(numbers.map((number) => ({ number, salt: bytesOf(`salt ${number.id} ${log.rows.length}`) })));
    const outcome: AccessOutcome = {
      answeredAt: at + 300,
      chunk: { number: 0, isLast: true },
      code: null,
      custodian: parseUscc(code),
      fields: [
        { class: 'household', name: '户籍地址' },
        { class: 'identity', name: '姓名' },
      ],
      origin: log.origin,
      request: requestDigestOf(requestPayload),
      result: 'granted',
      seal: null,
      subjectCount: tree.subjects.length,
      subjectsRoot: tree.subjectsRoot,
      ...got,
    };
    const outcomePayload = encodeOutcome({ ...outcome, fields: outcome.fields.toSorted((a, b) => (a.name < b.name ? -1 : 1)) });
    const body = encodeAccessBody({
      request: {
        request,
        envelope: this.#signed(requestPayload, requestSignedBytes(requestPayload), signerNamed(`request key of ${SERVICE}`)),
      },
      outcome: { outcome, envelope: this.#signed(outcomePayload, outcomeSignedBytes(outcomePayload), log.requestSigner) },
      subject: tree.subjects.find(({ number }) => number.id === person.id)!,
    });
    const recordedAt = Math.floor(this.tick() / SECOND) * SECOND;
    if (isHidden) return this.#hide(log, person, body, recordedAt);
    const leafHash = log.record('access', underNumber, body, recordedAt);
    const content = log.contents.get(encodeHex(leafHash));
    if (content?.state === 'opened') this.#keep(log, person, { ...content, entry: decodeEntry(log.rows.at(-1)!.bytes) });
    return leafHash;
  }

  #hide(log: AccessLog, person: CanonicalNumber, body: Uint8Array, recordedAt: number): Hash {
    const nonce = bytesOf(`hidden nonce ${recordedAt}`);
    const slot = bytesOf(`hidden slot ${recordedAt}`);
    return this.#keep(log, person, {
      nonce,
      body,
      entry: { kind: KINDS.access, recordedAt, slot, commitment: commitmentOf(nonce, body) },
    });
  }

  #keep(log: AccessLog, person: CanonicalNumber, { entry, nonce, body }: Pick<AccessCopy, 'entry' | 'nonce' | 'body'>): Hash {
    const leafHash = leafHashOf(encodeEntry(entry));
    const signer = this.logSigners.get(log.authority)!;
    const promise = { logId: log.logId, slot: entry.slot, leafHash, issuedAt: this.clock, deadlineAt: this.clock + 2 * SECOND };
    const signed = { ...promise, keyId: keyIdOf(signer.publicKey), signature: signPromise(promise, signer) };
    this.kept.push({ person, copy: { entry, leafHash, nonce, body, promise: signed } });
    return leafHash;
  }

  /** What an honest accessor hands the person. */
  copies(accessor: string, { id }: CanonicalNumber): AccessCopies {
    const own = this.kept.filter(({ person }) => person.id === id).map(({ copy }) => copy);
    return { accessor: parseUscc(accessor), isAll: true, copies: own };
  }

  object(code: string, person: CanonicalNumber, entry: Hash, text: string): Hash {
    return this.log(code).record(
      'objection',
      person,
      encodeObjection({ entry, text, saidAt: this.clock, dueAt: this.clock + 30 * DAY }),
      Math.floor(this.tick() / SECOND) * SECOND,
    );
  }

  answerTo(code: string, person: CanonicalNumber, objection: Hash, text: string): Hash {
    const body = encodeReply({ objection, decision: 'upheld', text, repliedAt: this.clock });
    return this.log(code).record('answer', person, body, Math.floor(this.tick() / SECOND) * SECOND);
  }

  /** Destroys the content and says so in the history. */
  erase(code: string, person: CanonicalNumber, entry: Hash): void {
    const log = this.log(code);
    log.record(
      'erasure',
      person,
      encodeErasure({ entries: [entry], legalBasis: '个人信息保护法 第四十七条', erasedAt: this.clock }),
      Math.floor(this.tick() / SECOND) * SECOND,
    );
    log.contents.set(encodeHex(entry), { state: 'erased' });
  }

  anchorAll(): void {
    for (const log of this.custodians.values()) this.anchor(log);
    // Nothing new in the registry, read at a later block.
    const at = this.tick();
    this.facts = { ...this.facts, block: { number: this.facts.block.number + 100, hash: bytesOf(`block at ${at}`), at } };
  }

  /** What an honest custodian answers the person, at its newest anchored checkpoint (or the newest of all). */
  answer(code: string, person: CanonicalNumber, { anchoredOnly = true, issuedBefore = Infinity } = {}): AccessAnswer {
    const log = this.log(code);
    const held = log.held.findLast(
      ({ claim, checkpoint }) => (claim !== null || !anchoredOnly) && checkpoint.issuedAt < issuedBefore,
    );
    if (held === undefined) throw notFound('no checkpoint yet');
    const entryAt = (slot: Hash) => {
      const entryIndex = log.rows.findIndex((row) => equalBytes(row.slot, slot));
      return { entryBytes: log.rows[entryIndex]!.bytes, entryIndex };
    };
    const reader = { tree: log.tree, map: log.map, entryAt };
    const epochs = log.vrfKeys.map((key) => {
      const { items, absence } = proveHistory(handleOf(key, log.logId, person), held.checkpoint, reader);
      return {
        keyId: keyIdOf(publicKeyOf(key)),
        proof: proveHandle(key, log.logId, person),
        items: items.map((item) => ({ ...item, content: log.contents.get(encodeHex(leafHashOf(item.entryBytes))) ?? null })),
        absence,
      };
    });
    return { checkpoint: parseNote(held.note), epochs };
  }

  /** What it has promised beyond its newest anchored checkpoint. */
  promised(code: string, person: CanonicalNumber): JsonObject {
    const log = this.log(code);
    const size = log.held.findLast(({ claim }) => claim !== null)?.checkpoint.size ?? 0;
    const entries = log.rows.slice(size).flatMap(({ h, bytes }) => {
      const key = log.vrfKeys.find((one) => equalBytes(handleOf(one, log.logId, person), h));
      if (key === undefined) return [];
      const leafHash = encodeHex(leafHashOf(bytes));
      const content = log.contents.get(leafHash)!;
      const shown =
        content.state === 'opened' ? { ...content, nonce: encodeHex(content.nonce), body: encodeBase64(content.body) } : content;
      return [
        {
          keyId: encodeHex(keyIdOf(publicKeyOf(key))),
          entry: encodeBase64(bytes),
          leafHash,
          index: null,
          promise: null,
          content: shown,
        },
      ];
    });
    return { size, entries };
  }

  world(evaluatedAt = Date.now()) {
    const trust = this.trust({ expiresAt: evaluatedAt + 30 * DAY });
    return worldOf({ trust, live: { facts: this.facts, ageMs: 100 }, evaluatedAt, at: null });
  }
}
