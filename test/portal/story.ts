/**
 * Custodians in memory over the real core: access logs with real handles, signed requests and outcomes, entries, proofs and anchors, in the
 * consortium of test/verify/story.ts. A test tells who read whose data, and may make a custodian lie on the way out.
 */
import type { AccessAnswer, EntryContent } from '../../core/access/answer.ts';
import { encodeAccessBody } from '../../core/access/body.ts';
import { handleOf, proveHandle } from '../../core/access/handle.ts';
import { type CanonicalNumber, parseNumber } from '../../core/access/number.ts';
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
import { decodeEntry, type KindName } from '../../core/log/entry.ts';
import { proveHistory } from '../../core/log/history.ts';
import { parseNote } from '../../core/log/note.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import type { Signer } from '../../core/log/signer.ts';
import { asHistorySecret } from '../../core/log/slot.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { parsePrivateKey, type PrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { worldOf } from '../../core/verify/world.ts';
import type { AnchorClaim, LogAnswer } from '../../core/verify/lookup.ts';
import { bytesOf } from '../log/memory-log.ts';
import { signerNamed, Story, StoryLog } from '../verify/story.ts';

export const POLICE = '11999900MB00000050';
export const INSURANCE = '11999900MB00000063';
export const HOUSING = '11999900MB00000076';
export const SERVICE = '11999900MB0000009C';
export const PERSON = parseNumber(1, '999900199001010014');
export const OTHER = parseNumber(1, '999900199203030021');
const SECOND = 1000;
export const DAY = 86_400_000;

/** The log of one custodian. */
export class AccessLog extends StoryLog {
  readonly vrfKeys: PrivateKey[] = [];
  /** By leaf hash, hex: what the custodian shows of an entry. */
  readonly contents = new Map<string, EntryContent>();
  readonly requestSigner: Signer;

  constructor(authority: string, name = 'access') {
    super(authority);
    const origin = parseOrigin(`sample/${authority}/${name}`);
    Object.assign(this, { origin, logId: logIdOf(origin) });
    this.requestSigner = signerNamed(`request key of ${authority}`);
  }

  get vrfKey(): PrivateKey {
    return this.vrfKeys.at(-1)!;
  }

  /** Says it in the person's history under the newest key, and returns the leaf hash. */
  record(kind: KindName, person: CanonicalNumber | null, body: Uint8Array, recordedAt: number): Hash {
    const h =
      person === null ? asHistorySecret(bytesOf(`nobody ${this.rows.length}`)) : handleOf(this.vrfKey, this.logId, person);
    const nonce = bytesOf(`nonce ${this.origin} ${this.rows.length}`);
    this.say(kind, h, body, recordedAt, nonce);
    const leafHash = leafHashOf(this.rows.at(-1)!.bytes);
    this.contents.set(encodeHex(leafHash), { state: 'opened', nonce, body });
    return leafHash;
  }
}

export interface Reading {
  readonly request?: Partial<AccessRequest>;
  readonly outcome?: Partial<AccessOutcome>;
  /** Who else is a subject of the same event. */
  readonly others?: readonly CanonicalNumber[];
  /** Whose history the entry goes into, if not the subject's own: a lie. */
  readonly underNumber?: CanonicalNumber;
}

export class AccessStory extends Story {
  readonly custodians = new Map<string, AccessLog>();

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
    { request: asked = {}, outcome: got = {}, others = [], underNumber = person }: Reading = {},
  ): Hash {
    const log = this.log(code);
    const at = this.tick();
    const request: AccessRequest = {
      accessor: parseUscc(SERVICE),
      action: 'read',
      agreement: null,
      breakGlass: null,
      case: 'SL-2026-000017',
      cause: '受理不动产转移登记，核对申请人户籍',
      custodian: parseUscc(code),
      grade: 'session-attested',
      legalBasis: '不动产登记暂行条例 第十七条',
      matter: '不动产转移登记',
      method: 'view',
      nonce: bytesOf(`request nonce ${log.rows.length}`),
      operator: { id: 'S-0017', publicKey: null, role: '综合窗口受理岗' },
      parent: null,
      purpose: 'service.requested',
      queryDigest: bytesOf(`query ${log.rows.length}`),
      requestedAt: at,
      system: '一体化政务服务平台',
      terminal: 'T-03',
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
    return log.record('access', underNumber, body, Math.floor(this.tick() / SECOND) * SECOND);
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

  /** What an honest verifier says of a log's checkpoint: the one of that size, or the newest anchored one. */
  standing(logId: Hash, size: number | null, time: number | null = null): LogAnswer {
    const log = this.logs.find((one) => equalBytes(one.logId, logId));
    const isMeant = ({ claim, checkpoint }: StoryLog['held'][number]): boolean =>
      size === null ? claim !== null : checkpoint.size === size && (time === null || checkpoint.issuedAt === time);
    const held = log?.held.findLast(isMeant);
    if (held === undefined) throw notFound('no such checkpoint');
    return { logId, checkpoint: held.note, polledMsAgo: 100, trouble: null, anchors: held.claim === null ? [] : [held.claim] };
  }

  anchorsOf(logId: Hash, from: number, to: number): AnchorClaim[] {
    const log = this.logs.find((one) => equalBytes(one.logId, logId));
    const claims = (log?.held ?? []).flatMap(({ claim }) => claim ?? []);
    const before = claims.findLast(({ anchoredAt }) => anchoredAt < from);
    const after = claims.find(({ anchoredAt }) => anchoredAt > to);
    return [before, ...claims.filter(({ anchoredAt }) => anchoredAt >= from && anchoredAt <= to), after].flatMap(
      (one) => one ?? [],
    );
  }

  world(evaluatedAt = Date.now()) {
    const trust = this.trust({ expiresAt: evaluatedAt + 30 * DAY });
    return worldOf({ trust, live: { facts: this.facts, ageMs: 100 }, evaluatedAt, at: null });
  }

  entryTime(code: string, index: number): number {
    return decodeEntry(this.log(code).rows[index]!.bytes).recordedAt;
  }
}

/** A month and a half of one person's data: ordinary readings, a refused one, break-glass, an erased one, objections. */
export function sampleStory(): AccessStory {
  const story = new AccessStory();
  story.anchorAll();
  const first = story.read(POLICE, PERSON, { others: [OTHER] });
  const objection = story.object(POLICE, PERSON, first, '我没有申请过不动产登记，请说明是谁在办理。');
  story.anchorAll();
  story.answerTo(POLICE, PERSON, objection, '经查，系同名申请人误录，已更正并提醒经办人。');
  const odd = story.read(POLICE, PERSON, {
    request: { matter: '居民身份核验', cause: '窗口核验身份', purpose: 'identity.verification' },
    outcome: { fields: [{ class: 'identity', name: '姓名' }] },
  });
  story.object(POLICE, PERSON, odd, '当天我不在本市，为何核验我的身份？');
  story.tick(20 * DAY);
  story.anchorAll();
  const old = story.read(POLICE, PERSON);
  story.erase(POLICE, PERSON, old);
  story.tick(10 * DAY);
  story.anchorAll();
  story.read(POLICE, PERSON, {
    request: { purpose: 'statistics.official', matter: '人口抽样', cause: '统计抽样' },
    outcome: { result: 'refused', code: 'NO_DUTY', fields: [] },
  });
  story.read(POLICE, PERSON, {
    request: {
      purpose: 'service.requested',
      breakGlass: '急诊抢救，须立即确认身份',
      matter: '急救',
      cause: '抢救伤员',
      operator: { id: 'D-0002', publicKey: null, role: '急救值班' },
    },
    outcome: {
      fields: [
        { class: 'health', name: '血型' },
        { class: 'identity', name: '姓名' },
      ],
    },
  });
  story.tick(8 * DAY);
  story.anchorAll();
  story.clock = Date.now() - 60_000;
  story.read(POLICE, PERSON, {
    request: { action: 'verify', matter: '社会保障卡申领', cause: '核对姓名与号码是否一致' },
    outcome: { fields: [{ class: 'identity', name: '姓名' }] },
  });
  story.read(INSURANCE, OTHER);
  story.anchorAll();
  return story;
}
