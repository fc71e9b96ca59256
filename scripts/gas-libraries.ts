/**
 * Measures what SM3, SM2 and LogProof cost where they are called: the gas of a transaction to them, less what every transaction
 * costs before code runs. A contract that calls them pays 100 more, or 2,600 for the first of its calls (EIP-2929).
 */
import { concatBytes, decodeHex, encodeHex, u32 } from '../core/bytes/bytes.ts';
import { invariant } from '../core/bytes/error.ts';
import { hashFromHex, type Hash } from '../core/bytes/hash.ts';
import { EMPTY_MAP, mapHashOf, slotBit } from '../core/log/map.ts';
import { encodeSlotProof } from '../core/log/slot-proof.ts';
import { nodeHashOf, rootAt } from '../core/log/tree.ts';
import { proveConsistency, proveInclusion } from '../core/log/tree-proof.ts';
import { parsePrivateKey, publicKeyOf, signSm2 } from '../core/sm/sm2.ts';
import { sm3 } from '../core/sm/sm3.ts';
import { LogProof__factory } from '../chain/bindings/factories/LogProof__factory.ts';
import { SM2__factory } from '../chain/bindings/factories/SM2__factory.ts';
import { SM3__factory } from '../chain/bindings/factories/SM3__factory.ts';
import type { ChainRpc } from '../chain/rpc.ts';
import type { ChainSender } from '../chain/sender.ts';

const SM3_ABI = SM3__factory.createInterface();
const SM2_ABI = SM2__factory.createInterface();
const PROOF_ABI = LogProof__factory.createInterface();

/** A log of some years, and what it is a day later. */
const SIZE = 10_000_000;
const NEXT_SIZE = 10_012_345;
/** How deep the slots of a map of that size lie: log2 of it, and one or two more. */
const MAP_DEPTH = 25;
const CHECKPOINT_LENGTH = 128;

const hex = (bytes: Uint8Array): string => `0x${encodeHex(bytes)}`;

/** Gas by name. Puts the three contracts on the chain first, and makes sure that what is measured was answered with yes. */
export async function measureLibraries(sender: ChainSender, rpc: ChainRpc): Promise<Record<string, number>> {
  const deploy = async (data: string): Promise<{ contract: string }> => {
    const { contract } = await sender.send({ to: null, data });
    invariant(contract !== null, 'a call to nobody makes a contract');
    return { contract };
  };
  const sm3Contract = await deploy(SM3__factory.bytecode);
  const sm2Contract = await deploy(SM2__factory.bytecode + SM2_ABI.encodeDeploy([sm3Contract.contract]).slice(2));
  const proofContract = await deploy(LogProof__factory.bytecode + PROOF_ABI.encodeDeploy([sm3Contract.contract]).slice(2));

  const gasOf = async ({ contract: to }: { contract: string }, data: string): Promise<number> => {
    const answer = await rpc.call('eth_call', [{ from: sender.account, to, data }, 'latest']);
    invariant(typeof answer === 'string' && !/^0x0*$/.test(answer), 'what is measured is answered with yes');
    return (await sender.send({ to, data })).gasUsed - intrinsicGas(data);
  };
  const gasOfHash = (length: number): Promise<number> =>
    gasOf(sm3Contract, SM3_ABI.encodeFunctionData('hash', [new Uint8Array(length)]));

  const oneBlock = await gasOfHash(32);
  const checkpointSignature = Math.max(...(await inTurn(signatureCalls(), (data) => gasOf(sm2Contract, data))));
  return {
    'sm3-one-block': oneBlock,
    'sm3-block': (await gasOfHash(32 + 64)) - oneBlock,
    'sm2-verify': checkpointSignature - (await gasOfDigest(gasOfHash, (data) => gasOf(sm3Contract, data))),
    'sm2-verify-checkpoint': checkpointSignature,
    'log-leaf': await gasOf(proofContract, PROOF_ABI.encodeFunctionData('leafHashOf', [new Uint8Array(74)])),
    'log-inclusion': await gasOf(proofContract, inclusionCall()),
    'log-consistency': await gasOf(proofContract, consistencyCall()),
    'find-slot': await gasOf(proofContract, slotCall()),
  };
}

/** What a transaction costs by its data alone (EIP-2028). */
function intrinsicGas(data: string): number {
  return decodeHex(data.slice(2)).reduce((gas, byte) => gas + (byte === 0 ? 4 : 16), 21_000);
}

/** One after another: the account sends one transaction at a time. */
async function inTurn<Item>(items: readonly Item[], measure: (item: Item) => Promise<number>): Promise<number[]> {
  const measured: number[] = [];
  for (const item of items) measured.push(await measure(item));
  return measured;
}

/** What SM2 pays for e: the end of Z, then Z and the checkpoint, and the two calls themselves. */
async function gasOfDigest(
  gasOfHash: (length: number) => Promise<number>,
  gasOfCall: (data: string) => Promise<number>,
): Promise<number> {
  const endOfZ = SM3_ABI.encodeFunctionData('hashAfter', [new Uint8Array(32), 128, new Uint8Array(18 + 64)]);
  return (await gasOfCall(endOfZ)) + (await gasOfHash(32 + CHECKPOINT_LENGTH)) + 2_600 + 100;
}

/** Signatures over something as long as a checkpoint by eight keys: what one costs differs by 3 % with its bits. */
function signatureCalls(): string[] {
  return Array.from({ length: 8 }, (_, i) => {
    const privateKey = parsePrivateKey(sm3(u32(i)));
    const publicKey = publicKeyOf(privateKey);
    const message = concatBytes(...Array.from({ length: CHECKPOINT_LENGTH / 32 }, (_part, j) => sm3(u32(i), u32(j))));
    const coordinates = [hex(publicKey.subarray(1, 33)), hex(publicKey.subarray(33))] as const;
    return SM2_ABI.encodeFunctionData('isSignature', [...coordinates, hex(message), hex(signSm2(privateKey, message))]);
  });
}

/** A tree whose entries are all equal, of any size: one node for each level. */
const LEVELS: Hash[] = [hashFromHex('11'.repeat(32))];
for (let level = 0; level < 24; level++) LEVELS.push(nodeHashOf(LEVELS[level]!, LEVELS[level]!));
const uniformTree = { node: (level: number): Hash => LEVELS[level]! };

function inclusionCall(): string {
  const entryIndex = Math.floor(SIZE / 3);
  const proof = proveInclusion(entryIndex, SIZE, uniformTree).map(hex);
  const root = hex(rootAt(SIZE, uniformTree));
  return PROOF_ABI.encodeFunctionData('isIncluded', [hex(LEVELS[0]!), entryIndex, SIZE, root, proof]);
}

function consistencyCall(): string {
  const [root, nextRoot] = [SIZE, NEXT_SIZE].map((size) => hex(rootAt(size, uniformTree)));
  const proof = proveConsistency(SIZE, NEXT_SIZE, uniformTree).map(hex);
  return PROOF_ABI.encodeFunctionData('isConsistent', [SIZE, root!, NEXT_SIZE, nextRoot!, proof]);
}

/** That a slot is free, at the depth of a map of that size. */
function slotCall(): string {
  const slot = sm3(u32(1));
  const siblings = Array.from({ length: MAP_DEPTH }, (_, depth) => sm3(u32(depth)));
  const mapRoot = siblings.reduceRight<Hash>(
    (below, sibling, depth) =>
      mapHashOf(slotBit(slot, depth) === 1 ? { left: sibling, right: below } : { left: below, right: sibling }),
    EMPTY_MAP,
  );
  return PROOF_ABI.encodeFunctionData('findSlot', [hex(mapRoot), hex(slot), hex(encodeSlotProof({ siblings, end: null }))]);
}
