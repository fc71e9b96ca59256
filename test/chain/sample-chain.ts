/** A chain with all contracts, an authority with its account and keys, and its licence log, which grows and is anchored. */
import type { Hash } from '../../core/bytes/hash.ts';
import { isAnchorEvent } from '../../core/authority/registry-event.ts';
import type { ForkCharge } from '../../core/court/charge.ts';
import { encodeCheckpoint, type Checkpoint } from '../../core/log/checkpoint.ts';
import { KINDS } from '../../core/log/entry.ts';
import { EMPTY_MAP } from '../../core/log/map.ts';
import { type Note, noteKeyHash } from '../../core/log/note.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { rootAt } from '../../core/log/tree.ts';
import { proveConsistency } from '../../core/log/tree-proof.ts';
import { anchoredCheckpoints, encodeCharge } from '../../chain/charge-call.ts';
import { anchorCheckpoint } from '../../chain/anchor-call.ts';
import { encodeRegisterLog } from '../../chain/registry-call.ts';
import type { Call, ChainSender, Receipt } from '../../chain/sender.ts';
import type { Signer } from '../../service/signer.ts';
import { MemoryLog, secretOf } from '../log/memory-log.ts';
import { startAnvil, type Anvil } from './anvil.ts';
import { signerNamed, TestConsortium } from './consortium-fixture.ts';

export const OWNER = '11100000000013338W';
export const OTHER = '11100000MB03271699';
export const LICENCE_TYPE = '11100000000013338W009';
export const ORIGIN = parseOrigin(`sample/${OWNER}/licences`);
export const LOG_ID = logIdOf(ORIGIN);
export const BEAT = 60_000;
export const authoritySigner = signerNamed('authority key', 'authority');
export const logSigner = signerNamed('log key');

export interface Anchoring {
  /** The log as it is, or another one that its key signs for. */
  readonly branch?: string;
  readonly from?: ChainSender;
  readonly signer?: Signer;
}

export class SampleChain {
  readonly anvil: Anvil;
  readonly consortium: TestConsortium;
  /** Acts for the authority, and anchors its log. */
  readonly owner: ChainSender;
  readonly #branches = new Map<string, Branch>();
  #issuedAt = 0;

  private constructor(anvil: Anvil, consortium: TestConsortium) {
    this.anvil = anvil;
    this.consortium = consortium;
    this.owner = consortium.sender('b2');
  }

  static async start(): Promise<SampleChain> {
    const anvil = await startAnvil();
    const chain = new SampleChain(anvil, await TestConsortium.deploy(anvil.rpcUrl));
    await chain.registerAll();
    return chain;
  }

  /** The authority with its authority key, the log key, the log. */
  async registerAll(): Promise<void> {
    const { consortium, owner } = this;
    const authority = { code: OWNER, name: '自然资源部', region: '110000', account: owner.account };
    await consortium.register({ ...authority, key: authoritySigner });
    await consortium.addKey(OWNER, logSigner, authoritySigner);
    await this.call(
      encodeRegisterLog({
        owner: OWNER,
        origin: ORIGIN,
        class: 'licence',
        quantum: 1,
        beat: BEAT,
        promiseSpan: 2 * BEAT + 1,
        term: null,
      }),
    );
  }

  /** A call of the registry by the authority. */
  call(data: string): Promise<Receipt> {
    return this.owner.send({ to: this.consortium.contracts.registry, data });
  }

  /**
   * Signs a checkpoint later than all before it and anchors it, with the proof that the newest anchor on the chain has grown into it.
   * Another branch of an anchored size contradicts it.
   */
  async anchor(size: number, { branch = 'log', from = this.owner, signer = logSigner }: Anchoring = {}): Promise<Receipt> {
    const { checkpoint, consistencyProof } = await this.#next(size, branch);
    const signature = await signer.sign(encodeCheckpoint(checkpoint));
    const { origin: _, ...said } = checkpoint;
    const input = { ...said, logId: LOG_ID, keyId: signer.keyId, signature, consistencyProof };
    return anchorCheckpoint(from, this.consortium.contracts.anchor, input);
  }

  /** A checkpoint later than all before it with the log's line, which nobody anchors. */
  async note(size: number, branch: string): Promise<Note> {
    const { checkpoint } = await this.#next(size, branch);
    const signature = await logSigner.sign(encodeCheckpoint(checkpoint));
    const logSignature = { keyHash: noteKeyHash(ORIGIN, logSigner.publicKey), signature };
    return { checkpoint, logSignature, cosignatures: [] };
  }

  /** That the log has another tree at the size of its newest anchor: the charge, and the call that brings it to the court. */
  async forkCharge(): Promise<{ charge: ForkCharge; call: Call }> {
    const { events } = await this.consortium.reader().poll();
    const anchors = anchoredCheckpoints(ORIGIN, events.filter(isAnchorEvent));
    const anchored = anchors.at(-1)!;
    const note = await this.note(anchored.checkpoint.size, 'other');
    const signed = { by: 'signature', checkpoint: note.checkpoint, keyId: logSigner.keyId, note } as const;
    const charge: ForkCharge = { kind: 'fork', origin: ORIGIN, a: anchored, b: signed };
    return { charge, call: { to: this.consortium.contracts.court, data: encodeCharge(charge, anchors) } };
  }

  /** What the log, or another branch, is at a size. */
  rootsAt(size: number, branch = 'log'): Pick<Checkpoint, 'size' | 'rootHash' | 'mapRoot'> {
    const { rootHash, mapRoot } = this.#branch(branch).at(size, 0, 0).checkpoint;
    return { size, rootHash, mapRoot };
  }

  async #next(size: number, branch: string): Promise<Grown> {
    this.#issuedAt = Math.max(this.#issuedAt + 1, await this.consortium.now());
    return this.#branch(branch).at(size, await this.consortium.anchoredSize(LOG_ID), this.#issuedAt);
  }

  #branch(name: string): Branch {
    const branch = this.#branches.get(name) ?? new Branch(name);
    this.#branches.set(name, branch);
    return branch;
  }
}

interface Grown {
  readonly checkpoint: Checkpoint;
  readonly consistencyProof: Hash[];
}

/** Entries about one thing, which the branch is named by. */
class Branch {
  readonly #name: string;
  readonly #log = new MemoryLog();
  /** By size. */
  readonly #mapRoots: Hash[] = [EMPTY_MAP];

  constructor(name: string) {
    this.#name = name;
  }

  /** A proof of growth is made where the log was smaller. */
  at(size: number, from: number, issuedAt: number): Grown {
    while (this.#log.entries.length < size) {
      this.#log.say(secretOf(this.#name), this.#log.entries.length, KINDS.issue);
      this.#mapRoots.push(this.#log.map.root);
    }
    const rootHash = rootAt(size, this.#log.tree);
    const consistencyProof = from < size ? proveConsistency(from, size, this.#log.tree) : [];
    return { checkpoint: { origin: ORIGIN, size, rootHash, mapRoot: this.#mapRoots[size]!, issuedAt }, consistencyProof };
  }
}
