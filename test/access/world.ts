/**
 * The sample's consortium as a reader sees it: the registry's facts, a custodian's access log over the real core with its checkpoints
 * cosigned and anchored, what a verifier says of it, and what the custodian answers a person.
 */
import type { AccessAnswer, AnsweredEpoch, EntryContent } from '../../core/access/answer.ts';
import { type AccessBody, encodeAccessBody } from '../../core/access/body.ts';
import { handleOf, proveHandle } from '../../core/access/handle.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import type { KeyType, LogClass } from '../../core/authority/registry-event.ts';
import type { AuthorityFact, DutyFact, KeyFact, LogFact, RegistryFacts } from '../../core/authority/registry.ts';
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { signAttestation } from '../../core/log/attestation.ts';
import { checkpointDigest, type Checkpoint } from '../../core/log/checkpoint.ts';
import { commitmentOf, decodeEntry, encodeEntry, type Entry, KINDS } from '../../core/log/entry.ts';
import { proveHistory } from '../../core/log/history.ts';
import { addCosignature, cosign, formatNote, signNote } from '../../core/log/note.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { signerOf, type Signer } from '../../core/log/signer.ts';
import { slotAt } from '../../core/log/slot.ts';
import { leafHashOf, rootAt } from '../../core/log/tree.ts';
import { publicKeyOf, type PrivateKey, type PublicKey } from '../../core/sm/sm2.ts';
import type { AnchorClaim, LogAnswer } from '../../core/verify/lookup.ts';
import { type World, worldOf } from '../../core/verify/world.ts';
import { MemoryMap, MemoryTree } from '../log/memory-log.ts';
import { accessorSigner, ACCESSOR, bytesOf, CUSTODIAN, custodianSigner, keyOf, LOG_ID, ORIGIN, QUANTUM } from './sample.ts';
import { RECORDED_AT, REQUEST, vrfKey } from './sample.ts';

export const AUDIT = '11999900MB0000003R';
export const START = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;
const WITNESS = parseOrigin(`sample/${AUDIT}/witness`);
const logSigner = signerOf(keyOf('access log key'));
const witnessSigner = signerOf(keyOf('witness key'));
export const nextVrfKey = keyOf('the next vrf key');

const key = (type: KeyType, authority: string, publicKey: PublicKey): KeyFact => ({
  keyId: keyIdOf(publicKey),
  authority,
  type,
  publicKey,
  validFrom: START,
  validTo: null,
  compromisedAt: null,
  suspended: null,
  registeredAt: START,
});

const authority = (code: string, name: string): AuthorityFact => ({
  code,
  name,
  region: '999900',
  parent: null,
  account: bytesOf(code).subarray(0, 20),
  registeredAt: START,
  dissolvedAt: null,
});

export const duty = (purpose: string, validFrom = START, validTo: number | null = null): DutyFact => ({
  dutyId: bytesOf(`duty ${purpose} ${validFrom}`),
  authority: ACCESSOR,
  purpose,
  validFrom,
  validTo,
  parentId: null,
  registeredAt: validFrom,
});

export const logFact = (origin: string, logClass: LogClass, change: Partial<LogFact> = {}): LogFact => ({
  logId: logIdOf(parseOrigin(origin)),
  origin,
  authority: CUSTODIAN,
  owners: [{ authority: CUSTODIAN, since: START }],
  class: logClass,
  quantum: logClass === 'seals' ? DAY : QUANTUM,
  beat: 600_000,
  promiseSpan: 1_800_000,
  term: logClass === 'seals' ? 30 * DAY : null,
  registeredAt: START,
  closedAt: null,
  closedByOwner: false,
  vrfKeys: [],
  ...change,
});

export const FACTS: RegistryFacts = {
  block: { number: 9, hash: bytesOf('block 9'), at: RECORDED_AT + DAY },
  authorities: [authority(CUSTODIAN, '样例市公安局'), authority(ACCESSOR, '样例市自然资源局'), authority(AUDIT, '样例市审计局')],
  keys: [
    key('log', CUSTODIAN, logSigner.publicKey),
    key('request', CUSTODIAN, custodianSigner.publicKey),
    key('request', ACCESSOR, accessorSigner.publicKey),
    key('witness', AUDIT, witnessSigner.publicKey),
    key('vrf', CUSTODIAN, publicKeyOf(vrfKey)),
    key('vrf', CUSTODIAN, publicKeyOf(nextVrfKey)),
  ],
  scopes: [],
  duties: [duty(REQUEST.purpose)],
  logs: [logFact(ORIGIN, 'access', { vrfKeys: [{ keyId: keyIdOf(publicKeyOf(vrfKey)), fromIndex: 0 }] })],
  modes: [],
  coverages: [],
  successions: [],
  disputes: [],
};

export const accessLog = (facts: RegistryFacts = FACTS): LogFact => facts.logs[0]!;

/** The facts with one key changed. */
export const withKey = (signer: Signer, change: Partial<KeyFact>, facts: RegistryFacts = FACTS): RegistryFacts => ({
  ...facts,
  keys: facts.keys.map((one) => (equalBytes(one.publicKey, signer.publicKey) ? { ...one, ...change } : one)),
});

export const withLog = (change: Partial<LogFact>, facts: RegistryFacts = FACTS): RegistryFacts => ({
  ...facts,
  logs: facts.logs.map((one, i) => (i === 0 ? { ...one, ...change } : one)),
});

/** Both epochs: the log has gone over to the next VRF key. */
export const ROTATED = withLog({
  vrfKeys: [vrfKey, nextVrfKey].map((one, i) => ({ keyId: keyIdOf(publicKeyOf(one)), fromIndex: 10 * i })),
});

export class AccessWorld {
  readonly tree = new MemoryTree();
  readonly map = new MemoryMap();
  readonly entries: Uint8Array[] = [];
  readonly contents = new Map<string, EntryContent>();
  readonly claims: AnchorClaim[] = [];
  facts: RegistryFacts;
  clock = RECORDED_AT;
  #held: { checkpoint: Checkpoint; note: string } | null = null;

  constructor(facts: RegistryFacts = FACTS) {
    this.facts = facts;
  }

  /** The next entry of a person's history under a VRF key. */
  record(number: CanonicalNumber, body: AccessBody | Uint8Array, vrf: PrivateKey = vrfKey, kind: number = KINDS.access): Entry {
    const h = handleOf(vrf, LOG_ID, number);
    let i = 0;
    while (this.entries.some((bytes) => equalBytes(decodeEntry(bytes).slot, slotAt(h, i)))) i++;
    return this.append(kind, slotAt(h, i), body instanceof Uint8Array ? body : encodeAccessBody(body));
  }

  append(kind: number, slot: Hash, body: Uint8Array): Entry {
    const nonce = bytesOf(`nonce ${this.entries.length}`);
    const entry = { kind, recordedAt: this.clock, slot, commitment: commitmentOf(nonce, body) };
    const bytes = encodeEntry(entry);
    this.entries.push(bytes);
    this.tree.append(leafHashOf(bytes));
    this.map.insert({ slot, leafHash: leafHashOf(bytes) });
    this.contents.set(encodeHex(leafHashOf(bytes)), { state: 'opened', nonce, body });
    return entry;
  }

  /** Makes, cosigns and anchors a checkpoint a quantum later. */
  anchor({ cosigned = true, attested = true, signer = logSigner } = {}): Checkpoint {
    this.clock += QUANTUM;
    const size = this.entries.length;
    const checkpoint = { origin: ORIGIN, size, rootHash: rootAt(size, this.tree), mapRoot: this.map.root, issuedAt: this.clock };
    const bare = signNote(checkpoint, signer);
    const note = formatNote(cosigned ? addCosignature(bare, cosign(checkpoint, WITNESS, this.clock + 1, witnessSigner)) : bare);
    this.#held = { checkpoint, note };
    const [blockNumber, anchoredAt] = [100 + this.claims.length, this.clock + 1000];
    const blockHash = bytesOf(`block ${blockNumber}`);
    const place = { chainReference: this.world().chainReference, blockNumber, blockHash, blockAt: anchoredAt };
    const signature = signAttestation({ ...place, checkpointDigest: checkpointDigest(checkpoint) }, witnessSigner);
    const attestations = attested ? [{ keyId: keyIdOf(witnessSigner.publicKey), signature }] : [];
    this.claims.push({ checkpoint: note, blockNumber, blockHash, anchoredAt, attestations });
    return checkpoint;
  }

  world(): World {
    const trust = {
      consortium: 'sample',
      version: 1,
      issuedAt: START,
      expiresAt: START + 30 * DAY,
      sample: true,
      chainId: 20777,
      genesisHash: bytesOf('genesis'),
      registryAddress: bytesOf('registry').subarray(0, 20),
      anchorAddress: bytesOf('anchor').subarray(0, 20),
      facts: this.facts,
      witnesses: [{ authority: AUDIT, name: WITNESS, publicKey: witnessSigner.publicKey }],
      witnessQuorum: 1,
      trustKeys: [signerOf(keyOf('trust key')).publicKey],
      trustQuorum: 1,
      floors: [],
      required: [],
      requiredByType: {},
      maxHeadAge: 10_000,
      maxStatusAge: DAY,
    };
    return worldOf({ trust, live: null, evaluatedAt: this.clock + 5000, at: null });
  }

  standing(): LogAnswer {
    return { logId: LOG_ID, checkpoint: this.#held!.note, polledMsAgo: 100, trouble: null, anchors: this.claims };
  }

  /** What an honest custodian answers, on its newest checkpoint. */
  answer(number: CanonicalNumber, keys: readonly PrivateKey[] = [vrfKey]): AccessAnswer {
    const { checkpoint } = this.#held!;
    return { checkpoint: signNote(checkpoint, logSigner), epochs: keys.map((one) => this.#epoch(number, one, checkpoint)) };
  }

  #epoch(number: CanonicalNumber, vrf: PrivateKey, checkpoint: Checkpoint): AnsweredEpoch {
    const entryAt = (slot: Hash): { entryBytes: Uint8Array; entryIndex: number } => {
      const entryIndex = this.entries.findIndex((bytes) => equalBytes(decodeEntry(bytes).slot, slot));
      return { entryBytes: this.entries[entryIndex]!, entryIndex };
    };
    const reader = { tree: this.tree, map: this.map, entryAt };
    const { items, absence } = proveHistory(handleOf(vrf, LOG_ID, number), checkpoint, reader);
    const withContent = items.map((item) => ({ ...item, content: this.contents.get(encodeHex(leafHashOf(item.entryBytes)))! }));
    return { keyId: keyIdOf(publicKeyOf(vrf)), proof: proveHandle(vrf, LOG_ID, number), items: withContent, absence };
  }
}
