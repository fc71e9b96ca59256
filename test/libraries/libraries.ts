/** SM3, SM2 and LogProof on a fresh chain in this process, from the committed bindings: the very bytecode that is deployed. */
import { network } from 'hardhat';
import { BrowserProvider, isError } from 'ethers';
import type { LogProof } from '../../chain/bindings/LogProof.ts';
import type { SM2 } from '../../chain/bindings/SM2.ts';
import type { SM3 } from '../../chain/bindings/SM3.ts';
import { LogProof__factory } from '../../chain/bindings/factories/LogProof__factory.ts';
import { SM2__factory } from '../../chain/bindings/factories/SM2__factory.ts';
import { SM3__factory } from '../../chain/bindings/factories/SM3__factory.ts';
import { concatBytes, u32 } from '../../core/bytes/bytes.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { bytesOf } from '../log/memory-log.ts';

export interface Libraries {
  readonly provider: BrowserProvider;
  readonly sm3: SM3;
  readonly sm2: SM2;
  readonly logProof: LogProof;
  /** Another SM2 over a stand-in for SM3, for which e is the first 32 bytes of the message: the way to choose what is added up. */
  readonly sm2OfChosenDigest: SM2;
  close(): Promise<void>;
}

/** Code that answers every call with the 32 bytes from 100 on: when SM2 asks for e, with those that follow Z. */
const ANSWER_MESSAGE = '0x600b80600b6000396000f360643560005260206000f3';

export async function deployLibraries(): Promise<Libraries> {
  const connection = await network.create();
  const provider = new BrowserProvider(connection.provider, undefined, { cacheTimeout: -1 });
  const deployer = await provider.getSigner(0);
  const onChain = await new SM3__factory(deployer).deploy();
  const standIn = await (await deployer.sendTransaction({ data: ANSWER_MESSAGE })).wait();
  return {
    provider,
    sm3: onChain,
    sm2: await new SM2__factory(deployer).deploy(onChain),
    logProof: await new LogProof__factory(deployer).deploy(onChain),
    sm2OfChosenDigest: await new SM2__factory(deployer).deploy(standIn!.contractAddress!),
    close: () => connection.close(),
  };
}

/** Bytes that look random and are the same each time. */
export function seededBytes(seed: string, length: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) => sm3(bytesOf(seed), u32(i)));
  return concatBytes(...blocks).subarray(0, length);
}

/** An integer below `end` from the same source. */
export function seededInteger(seed: string, end: number): number {
  return new DataView(seededBytes(seed, 4).buffer).getUint32(0) % end;
}

/** The answers for all items, some dozens asked at a time. */
export async function answersFor<Item, Answer>(items: readonly Item[], ask: (item: Item) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < items.length; start += 32) {
    answers.push(...(await Promise.all(items.slice(start, start + 32).map(ask))));
  }
  return answers;
}

/** The custom error that a view refused with, as [name, ...values]. Fails if it did not refuse. */
export async function refusalOfView(call: Promise<unknown>): Promise<unknown[]> {
  try {
    await call;
  } catch (error) {
    if (!isError(error, 'CALL_EXCEPTION') || error.revert === null) throw error;
    return [error.revert.name, ...(error.revert.args as unknown[])];
  }
  throw new Error('the call was not refused');
}
