/**
 * A small consortium in memory over the real core: an issuing department, a second one, a witness and a reader's trust file. Keys are
 * fixed, nothing is mocked. A test tells a story (issue, revoke, anchor) and asks what a reader makes of the answers.
 */
import { encodeUtf8, equalBytes } from '../../core/bytes/bytes.ts';
import { conflict, notFound } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import type { Envelope } from '../../core/authority/envelope.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import type { KeyType, RegistryEvent } from '../../core/authority/registry-event.ts';
import { applyRegistryEvent } from '../../core/authority/fold.ts';
import { findLog, type KeyFact, type LogFact, type RegistryFacts } from '../../core/authority/registry.ts';
import { encodeLicenceAct } from '../../core/licence/act.ts';
import { encodeCover } from '../../core/licence/cover.ts';
import { type Disclosure, fieldDigest, sortDigests } from '../../core/licence/disclosure.ts';
import { licenceSignedBytes } from '../../core/licence/document.ts';
import { formatLicenceIdentifier, parseLicenceIdentifier } from '../../core/licence/identifier.ts';
import { encodeLicencePayload, type LicencePayload } from '../../core/licence/payload.ts';
import { chainReferenceOf, signAttestation } from '../../core/log/attestation.ts';
import { checkpointDigest, type Checkpoint } from '../../core/log/checkpoint.ts';
import { commitmentOf, encodeEntry, KINDS, type KindName } from '../../core/log/entry.ts';
import { addCosignature, cosign, formatNote, signNote } from '../../core/log/note.ts';
import { sealOpening } from '../../core/log/opening.ts';
import { logIdOf, parseOrigin, type Origin } from '../../core/log/origin.ts';
import { signerOf, type Signer } from '../../core/log/signer.ts';
import { fileSecret, type HistorySecret, publicLicenceSecret, slotAt } from '../../core/log/slot.ts';
import { encodeSlotProof, proveSlot } from '../../core/log/slot-proof.ts';
import { leafHashOf, rootAt } from '../../core/log/tree.ts';
import { proveInclusion } from '../../core/log/tree-proof.ts';
import { parsePrivateKey } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import type { AnchorClaim, LookupAnswer, LookupQuestion } from '../../core/verify/lookup.ts';
import { encodeTrust, type SignedTrust, type Trust, trustSignedBytes } from '../../core/verify/trust.ts';
import { CHECK_IDS } from '../../core/verify/verdict.ts';
import { bytesOf, MemoryMap, MemoryTree } from '../log/memory-log.ts';

export const ISSUER = '11999900MB0000001K';
export const OUTSIDER = '11999900MB0000002N';
export const AUDIT = '11999900MB0000003R';
export const TYPE = '11999900MB0000004W001';
export const REGION = '999900';
export const START = Date.UTC(2026, 0, 1);
const SECOND = 1000;

export const signerNamed = (name: string): Signer => signerOf(parsePrivateKey(bytesOf(name)));
export const witnessName = (code: string): Origin => parseOrigin(`sample/${code}/witness`);
export const digestOf = (text: string): Hash => sm3(encodeUtf8(text));

export type Unplaced<Event> = Event extends unknown ? Omit<Event, 'block'> : never;

interface Row {
  readonly h: HistorySecret;
  readonly slot: Hash;
  readonly bytes: Uint8Array;
  readonly opening: Uint8Array;
}

interface Held {
  readonly checkpoint: Checkpoint;
  readonly note: string;
  readonly claim: AnchorClaim | null;
}

/** One department's log with the checkpoints it has made. */
export class StoryLog {
  readonly authority: string;
  readonly origin: Origin;
  readonly logId: Hash;
  readonly tree = new MemoryTree();
  readonly map = new MemoryMap();
  readonly rows: Row[] = [];
  readonly held: Held[] = [];

  constructor(authority: string, name = 'licences') {
    this.authority = authority;
    this.origin = parseOrigin(`sample/${authority}/${name}`);
    this.logId = logIdOf(this.origin);
  }

  say(
    kind: KindName,
    h: HistorySecret,
    body: Uint8Array,
    recordedAt: number,
    nonce: Hash = bytesOf(`nonce ${this.rows.length}`),
  ): void {
    const place = this.rows.filter((row) => equalBytes(row.h, h)).length;
    const entry = { kind: KINDS[kind], recordedAt, slot: slotAt(h, place), commitment: commitmentOf(nonce, body) };
    const bytes = encodeEntry(entry);
    const iv = bytesOf(`iv ${this.rows.length}`).subarray(0, 12);
    this.rows.push({ h, slot: entry.slot, bytes, opening: sealOpening({ h, logId: this.logId, entry }, { nonce, body }, iv) });
    this.tree.append(leafHashOf(bytes));
    this.map.insert({ slot: entry.slot, leafHash: leafHashOf(bytes) });
  }
}

export interface IssueTerms {
  readonly serial?: string;
  readonly version?: number;
  readonly files: readonly Hash[];
  readonly validFrom?: number;
  readonly validTo?: number | null;
  readonly fields?: Readonly<Record<string, JsonValue>>;
  readonly documentKey?: Signer;
  readonly issuer?: string;
}

export class Story {
  readonly issuer = new StoryLog(ISSUER);
  readonly outsider = new StoryLog(OUTSIDER);
  readonly logs = [this.issuer, this.outsider];
  readonly logSigners = new Map([
    [ISSUER, signerNamed('log key')],
    [OUTSIDER, signerNamed('outsider log key')],
  ]);
  readonly documentSigner = signerNamed('document key');
  readonly outsiderDocumentSigner = signerNamed('outsider document key');
  readonly witnessSigner = signerNamed('witness key');
  readonly trustSigner = signerNamed('trust key');
  readonly genesisHash = bytesOf('genesis');
  readonly anchorAddress = bytesOf('anchor').subarray(0, 20);
  facts: RegistryFacts;
  clock = START + 100 * SECOND;
  /** For who keeps a chain beside the story. */
  onEvents: (at: number, events: readonly Unplaced<RegistryEvent>[]) => void = () => undefined;
  #block = 10;

  constructor() {
    const key = (name: KeyType, authority: string, signer: Signer): KeyFact => ({
      keyId: keyIdOf(signer.publicKey),
      authority,
      type: name,
      publicKey: signer.publicKey,
      validFrom: START,
      validTo: null,
      compromisedAt: null,
      suspended: null,
      registeredAt: START,
    });
    const authority = (code: string, name: string) => ({
      code,
      name,
      region: REGION,
      parent: null,
      account: bytesOf(code).subarray(0, 20),
      registeredAt: START,
      dissolvedAt: null,
    });
    const log = (one: StoryLog): LogFact => ({
      logId: one.logId,
      origin: one.origin,
      authority: one.authority,
      owners: [{ authority: one.authority, since: START }],
      class: 'licence',
      quantum: SECOND,
      beat: 60 * SECOND,
      promiseSpan: 180 * SECOND,
      term: null,
      registeredAt: START,
      closedAt: null,
      closedByOwner: false,
      vrfKeys: [],
    });
    const mode = (one: StoryLog) => ({ logId: one.logId, licenceType: TYPE, mode: 'public' as const, registeredAt: START });
    this.facts = {
      block: { number: 9, hash: bytesOf('block 9'), at: START },
      authorities: [authority(ISSUER, '样例市自然资源局'), authority(OUTSIDER, '样例市某局'), authority(AUDIT, '样例市审计局')],
      keys: [
        key('log', ISSUER, this.logSigners.get(ISSUER)!),
        key('document', ISSUER, this.documentSigner),
        key('log', OUTSIDER, this.logSigners.get(OUTSIDER)!),
        key('document', OUTSIDER, this.outsiderDocumentSigner),
        key('witness', AUDIT, this.witnessSigner),
      ],
      scopes: [
        {
          scopeId: bytesOf('scope'),
          authority: ISSUER,
          licenceType: TYPE,
          region: '990000',
          validFrom: START,
          validTo: null,
          parentId: null,
          registeredAt: START,
        },
      ],
      duties: [],
      logs: [log(this.issuer), log(this.outsider)],
      modes: [mode(this.issuer), mode(this.outsider)],
      coverages: [{ authority: ISSUER, licenceType: TYPE, since: START, registeredAt: START }],
      successions: [],
      disputes: [],
    };
  }

  tick(ms = SECOND): number {
    this.clock += ms;
    return this.clock;
  }

  payload(terms: IssueTerms, log = this.issuer): { payload: LicencePayload; bytes: Uint8Array; disclosures: Disclosure[] } {
    const {
      serial = 'C5300002011',
      version = 1,
      files,
      validFrom = START,
      validTo = null,
      fields = { ZZMC: '采矿许可证' },
    } = terms;
    const disclosures = Object.entries(fields).map(([name, value]) => ({ salt: bytesOf(`salt ${name}`), name, value }));
    const payload = {
      origin: log.origin,
      identifier: parseLicenceIdentifier(
        formatLicenceIdentifier({ type: TYPE, issuer: terms.issuer ?? log.authority, serial, version }),
      ),
      validFrom,
      validTo,
      fields: sortDigests(disclosures.map(fieldDigest)),
      files: sortDigests(files),
      salt: bytesOf(`payload salt ${serial} ${version} ${log.authority}`),
    };
    return { payload, bytes: encodeLicencePayload(payload), disclosures };
  }

  envelope(bytes: Uint8Array, signer: Signer): Envelope {
    return {
      payload: bytes,
      signatures: [{ keyId: keyIdOf(signer.publicKey), signature: signer.sign(licenceSignedBytes(bytes)) }],
    };
  }

  issue(terms: IssueTerms, log = this.issuer): Envelope {
    const { payload, bytes, disclosures } = this.payload(terms, log);
    const signer = terms.documentKey ?? (log === this.issuer ? this.documentSigner : this.outsiderDocumentSigner);
    const licence = this.envelope(bytes, signer);
    const at = Math.floor(this.tick() / SECOND) * SECOND;
    log.say('issue', publicLicenceSecret(log.logId, payload.identifier.family), bytes, at, payload.salt);
    for (const file of terms.files) {
      log.say('file', fileSecret(file), encodeCover({ file, licence, disclosures, vrfProof: null, copy: null }), at);
    }
    return licence;
  }

  family(serial = 'C5300002011'): HistorySecret {
    return publicLicenceSecret(this.issuer.logId, `${TYPE}.${ISSUER}.${serial}`);
  }

  act(kind: KindName, serial?: string): void {
    const at = Math.floor(this.tick() / SECOND) * SECOND;
    const act = { reason: '违法开采', legalBasis: '矿产资源法 第四十条', effectiveAt: at };
    this.issuer.say(kind, this.family(serial), encodeLicenceAct(act), at);
  }

  /** What the registry records now, in a block of its own. */
  happen(...events: readonly Unplaced<RegistryEvent>[]): void {
    const number = this.#block++;
    const block = { number, hash: bytesOf(`block ${number}`), at: this.tick() };
    this.facts = events.map((event) => ({ ...event, block })).reduce(applyRegistryEvent, this.facts);
    this.onEvents(block.at, events);
  }

  /** Puts an authority on record with a log key, and returns its document key. With a scope it may issue the type. */
  enter(code: string, name: string, { hasScope = true, parent = null as string | null } = {}): Signer {
    const [logSigner, documentSigner] = [signerNamed(`log key of ${code}`), signerNamed(`document key of ${code}`)];
    const key = (keyType: KeyType, { publicKey }: Signer): Unplaced<RegistryEvent> => ({
      kind: 'key-added',
      code,
      keyId: keyIdOf(publicKey),
      keyType,
      publicKey,
      validFrom: this.clock,
    });
    const account = bytesOf(code).subarray(0, 20);
    const terms = { licenceType: TYPE, region: '990000', validFrom: this.clock, validTo: null, parentId: null };
    this.logSigners.set(code, logSigner);
    this.happen(
      { kind: 'authority-registered', code, name, region: REGION, parent, account },
      key('log', logSigner),
      key('document', documentSigner),
      ...(hasScope ? [{ kind: 'scope-granted' as const, scopeId: bytesOf(`scope of ${code}`), code, ...terms }] : []),
    );
    return documentSigner;
  }

  /** 机构改革: the issuer's log and its function go from one authority to another. Returns when. */
  succeed(code: string, successor: string): number {
    const movedAt = this.clock + SECOND;
    const share = { logIds: [this.issuer.logId], licenceTypes: [TYPE] };
    this.happen({ kind: 'function-moved', code, successor, ...share, movedAt });
    return movedAt;
  }

  /** The key of whoever owns the log now. */
  logSignerOf({ logId, authority }: StoryLog): Signer {
    return this.logSigners.get(findLog(this.facts, logId)?.authority ?? authority)!;
  }

  /** Makes a checkpoint of the log, cosigned, and anchors it with an attestation unless told otherwise. */
  anchor(log = this.issuer, { cosigned = true, anchored = true, attested = true, signer = this.logSignerOf(log) } = {}): Held {
    const issuedAt = this.tick();
    const checkpoint = {
      origin: log.origin,
      size: log.rows.length,
      rootHash: rootAt(log.rows.length, log.tree),
      mapRoot: log.map.root,
      issuedAt,
    };
    const bare = signNote(checkpoint, signer);
    const line = cosign(checkpoint, witnessName(AUDIT), issuedAt + 1, this.witnessSigner);
    const note = formatNote(cosigned ? addCosignature(bare, line) : bare);
    const held = { checkpoint, note, claim: anchored ? this.#claim(checkpoint, note, attested) : null };
    log.held.push(held);
    return held;
  }

  #claim(checkpoint: Checkpoint, note: string, attested: boolean): AnchorClaim {
    const blockNumber = this.#block++;
    const anchoredAt = this.tick();
    const blockHash = bytesOf(`block ${blockNumber}`);
    const attestation = {
      chainReference: chainReferenceOf(20777, this.genesisHash, this.anchorAddress),
      blockNumber,
      blockHash,
      blockAt: anchoredAt,
      checkpointDigest: checkpointDigest(checkpoint),
    };
    const signature = signAttestation(attestation, this.witnessSigner);
    const keyId = keyIdOf(this.witnessSigner.publicKey);
    return { checkpoint: note, blockNumber, blockHash, anchoredAt, attestations: attested ? [{ keyId, signature }] : [] };
  }

  trust(changes: Partial<Trust> = {}): Trust {
    return {
      consortium: 'sample',
      version: 1,
      issuedAt: START,
      expiresAt: START + 30 * 86_400_000,
      sample: true,
      chainId: 20777,
      genesisHash: this.genesisHash,
      registryAddress: bytesOf('registry').subarray(0, 20),
      anchorAddress: this.anchorAddress,
      facts: this.facts,
      witnesses: [{ authority: AUDIT, name: witnessName(AUDIT), publicKey: this.witnessSigner.publicKey }],
      witnessQuorum: 1,
      trustKeys: [this.trustSigner.publicKey],
      trustQuorum: 1,
      floors: [],
      required: CHECK_IDS.filter((id) => id !== 'seal'),
      requiredByType: {},
      maxHeadAge: 10 * SECOND,
      maxStatusAge: 86_400_000,
      ...changes,
    };
  }

  signTrust(trust: Trust, ...signers: readonly Signer[]): SignedTrust {
    const payload = encodeTrust(trust);
    const used = signers.length === 0 ? [this.trustSigner] : signers;
    const signatures = used.map((signer) => ({
      keyId: keyIdOf(signer.publicKey),
      signature: signer.sign(trustSignedBytes(payload)),
    }));
    return { envelope: { payload, signatures }, trust };
  }

  /** What an honest verifier answers, standing on the newest held checkpoint of each log. */
  lookUp = (question: LookupQuestion): Promise<LookupAnswer> => {
    const answers = this.logs.map((log) => this.#lookUpIn(log, question)).filter((answer) => answer !== null);
    if (question.logId !== undefined && answers.length === 0) return Promise.reject(notFound('no such log'));
    const all = <Row>(rows: readonly (readonly Row[])[]): Row[] => rows.flat();
    return Promise.resolve({
      logs: all(answers.map(({ logs }) => logs)),
      present: all(answers.map(({ present }) => present)),
      absent: all(answers.map(({ absent }) => absent)),
    });
  };

  #lookUpIn(log: StoryLog, { slots, logId, size }: LookupQuestion): LookupAnswer | null {
    if (logId !== undefined && !equalBytes(logId, log.logId)) return null;
    const held = log.held.findLast(({ checkpoint }) => size === undefined || checkpoint.size === size);
    if (held === undefined) {
      if (size !== undefined) throw conflict('size not held');
      return null;
    }
    const { checkpoint } = held;
    const rows = log.rows.slice(0, checkpoint.size);
    const found = slots.map((slot) => rows.findIndex((row) => equalBytes(row.slot, slot)));
    if (logId === undefined && found.every((index) => index === -1)) return null;
    const claims = log.held.flatMap(({ claim }) => claim ?? []);
    const present = slots.flatMap((slot, i) => {
      const index = found[i]!;
      if (index === -1) return [];
      const row = rows[index]!;
      return [
        {
          slot,
          logId: log.logId,
          index,
          entry: row.bytes,
          inclusion: proveInclusion(index, checkpoint.size, log.tree),
          map: encodeSlotProof(proveSlot(checkpoint.mapRoot, slot, log.map)),
          opening: row.opening,
        },
      ];
    });
    const absent = slots
      .filter((_, i) => found[i] === -1)
      .map((slot) => ({ slot, logId: log.logId, map: encodeSlotProof(proveSlot(checkpoint.mapRoot, slot, log.map)) }));
    const logs = [{ logId: log.logId, checkpoint: held.note, polledMsAgo: 100, trouble: null, anchors: claims }];
    return { logs, present, absent };
  }

  chainReference(): Hash {
    return chainReferenceOf(20777, this.genesisHash, this.anchorAddress);
  }
}
