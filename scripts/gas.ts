/**
 * Measures what each contract call costs and prints it: `npm run gas [-- --json]`. It ends with 1 when a call costs over 2 % more than
 * contracts/gas.json says; with `--write` it replaces that file, where a jump then shows in review.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { network } from 'hardhat';
import { decodeHex, encodeUtf8 } from '../core/bytes/bytes.ts';
import type { ForkCharge } from '../core/court/charge.ts';
import { signedCheckpoint } from '../core/court/charge.ts';
import type { Checkpoint } from '../core/log/checkpoint.ts';
import { signNote } from '../core/log/note.ts';
import { logIdOf, parseOrigin } from '../core/log/origin.ts';
import { signerOf } from '../core/log/signer.ts';
import { rootAt } from '../core/log/tree.ts';
import { proveConsistency } from '../core/log/tree-proof.ts';
import { parsePrivateKey, publicKeyOf } from '../core/sm/sm2.ts';
import { sm3 } from '../core/sm/sm3.ts';
import { anchorCheckpoint } from '../chain/anchor-call.ts';
import { encodeCharge } from '../chain/charge-call.ts';
import { encodePropose, encodeVote, proposedIn } from '../chain/consortium-call.ts';
import { type ContractName, type Contracts, deployContracts } from '../chain/deploy.ts';
import { addKeyCall, retireKeyCall } from '../chain/key-change.ts';
import * as registryCall from '../chain/registry-call.ts';
import { ChainRpc } from '../chain/rpc.ts';
import { ChainSender, type Receipt } from '../chain/sender.ts';
import { createLogger } from '../service/logger.ts';
import { createSigner, type Signer } from '../service/signer.ts';
import { measureLibraries } from './gas-libraries.ts';
import { UniformTree } from './uniform-tree.ts';

export const GAS_FILE = join(import.meta.dirname, '../contracts/gas.json');
/** A call may cost so much more than recorded. */
export const MAX_GROWTH = 1.02;

const START = 1_767_225_600_000;
const DAY = 86_400_000;
const [PARENT, CODE, SUCCESSOR] = ['11100000000013338W', '11100000MB03271699', '11999900MB0000001K'] as const;
const LICENCE_TYPE = '11100000000013338W009';
const CHAIN_ID = 31_337;
const TIMEOUT_MS = 30_000;
/** A province's log after some years. */
const LARGE = 10_000_000;

/** Gas by name of call; from run to run it differs by what signatures happen to hold. */
export async function measureGas(): Promise<Record<string, number>> {
  const override = { chainId: CHAIN_ID, initialDate: new Date(START).toISOString() };
  const server = await network.createServer({ override }, '127.0.0.1');
  const { port } = await server.listen();
  try {
    return await new Measurement(`http://127.0.0.1:${port}`).run();
  } finally {
    await server.close();
  }
}

function signerNamed(type: Signer['type'], name: string): Signer {
  const privateKey = parsePrivateKey(sm3(encodeUtf8(name)));
  return createSigner({ type, privateKey, publicKey: publicKeyOf(privateKey) });
}

class Measurement {
  readonly #gas: Record<string, number> = {};
  readonly #rpcUrl: string;
  readonly #logger = createLogger({ program: 'gas', level: 'warn' });
  readonly #members: readonly ChainSender[];
  readonly #tree = new UniformTree();
  readonly #origin = parseOrigin(`sample/${CODE}/licences`);
  readonly #logId = logIdOf(this.#origin);
  readonly #logKey = signerOf(parsePrivateKey(sm3(encodeUtf8('log'))));
  readonly #logSigner = signerNamed('log', 'log');
  #contracts!: Contracts;

  constructor(rpcUrl: string) {
    this.#rpcUrl = rpcUrl;
    this.#members = ['11', '22'].map((byte) => this.#sender(byte));
  }

  #sender(byte: string): ChainSender {
    const options = { rpcUrl: this.#rpcUrl, chainId: CHAIN_ID, logger: this.#logger, timeoutMs: TIMEOUT_MS };
    return new ChainSender({ ...options, privateKeyHex: byte.repeat(32) });
  }

  async run(): Promise<Record<string, number>> {
    const [first, second] = this.#members as [ChainSender, ChainSender];
    const rpc = new ChainRpc({ rpcUrl: this.#rpcUrl, timeoutMs: TIMEOUT_MS });
    Object.assign(this.#gas, await measureLibraries(first, rpc));
    this.#contracts = await deployContracts(first, {
      consortiumName: 'sample',
      members: [
        { code: PARENT, account: first.account },
        { code: CODE, account: second.account },
      ],
      threshold: 2,
      suspensionThreshold: 2,
      publicDelay: DAY,
      msPerUnit: 1000,
    });
    for (const [name, gas] of Object.entries(this.#contracts.gasUsed)) this.#gas[`deploy-${name as ContractName}`] = gas;
    await this.#register(first, second);
    await this.#anchor(second);
    await this.#charge(first);
    await this.#succeed(first);
    return this.#gas;
  }

  async #measure(name: string, sent: Promise<Receipt>): Promise<Receipt> {
    const receipt = await sent;
    this.#gas[name] = receipt.gasUsed;
    return receipt;
  }

  async #decide(name: string, data: string): Promise<void> {
    const [first, second] = this.#members as [ChainSender, ChainSender];
    const { consortium: to, registry } = this.#contracts;
    const proposed = first.send({ to, data: encodePropose({ to: registry, data }, START + DAY) });
    const { logs } = await this.#measure('propose', proposed);
    const proposalId = proposedIn(logs, to);
    await this.#measure('approve', second.send({ to, data: encodeVote('approve', proposalId) }));
    await this.#measure(name, first.send({ to, data: encodeVote('execute', proposalId) }));
  }

  async #register(parent: ChainSender, owner: ChainSender): Promise<void> {
    const { registry: to } = this.#contracts;
    const at = { rpc: new ChainRpc({ rpcUrl: this.#rpcUrl, timeoutMs: TIMEOUT_MS }), chainId: CHAIN_ID, registry: to };
    const region = '110000';
    const account = ({ account: text }: ChainSender): Uint8Array => decodeHex(text.slice(2));
    const register = (code: string, above: string | null, sender: ChainSender): string =>
      registryCall.encodeRegisterAuthority({ code, name: '自然资源部', region, parent: above, account: account(sender) });
    const keys = {
      parent: signerNamed('authority', 'parent'),
      own: signerNamed('authority', 'own'),
      old: signerNamed('log', 'old'),
    };
    const add = (code: string, holder: Signer, officer: Signer | null): Promise<string> =>
      addKeyCall(at, { code, keyType: holder.type, validFrom: 0 }, holder, officer);
    const call = async (name: string, sender: ChainSender, data: string | Promise<string>): Promise<void> => {
      await this.#measure(name, sender.send({ to, data: await data }));
    };
    const scope = { licenceType: LICENCE_TYPE, region, validFrom: 0, validTo: null };
    await this.#decide('decide-authority', register(PARENT, null, parent));
    await this.#decide('decide-key', await add(PARENT, keys.parent, null));
    await call('register-authority', parent, register(CODE, PARENT, owner));
    await call('register-authority', parent, register(SUCCESSOR, PARENT, parent));
    await call('add-key', owner, add(CODE, keys.own, keys.parent));
    await call('add-key', owner, add(CODE, keys.old, keys.own));
    await call('add-key', owner, add(CODE, this.#logSigner, keys.own));
    const old = { code: CODE, keyType: 'log', keyId: keys.old.keyId } as const;
    await call('retire-key', owner, retireKeyCall(at, old, keys.own));
    await this.#decide('decide-scope', registryCall.encodeGrantScope({ ...scope, code: PARENT, parentId: null }));
    await this.#decide(
      'decide-duty',
      registryCall.encodeGrantDuty({ code: PARENT, purpose: 'inspection', validFrom: 0, validTo: null, parentId: null }),
    );
    const spans = { quantum: 1, beat: 60_000, promiseSpan: 120_001, term: null };
    await call(
      'register-log',
      owner,
      registryCall.encodeRegisterLog({ owner: CODE, origin: this.#origin, class: 'licence', ...spans }),
    );
    await call('set-mode', owner, registryCall.encodeSetMode({ logId: this.#logId, licenceType: LICENCE_TYPE, mode: 'public' }));
    const coverage = { code: CODE, licenceType: LICENCE_TYPE, since: START };
    await call('declare-coverage', owner, registryCall.encodeDeclareCoverage(coverage));
  }

  #checkpoint(size: number, seconds: number, name = ''): Checkpoint {
    const rootHash = name === '' ? rootAt(size, this.#tree) : sm3(encodeUtf8(name));
    return {
      origin: this.#origin,
      size,
      issuedAt: START + seconds * 1000,
      rootHash,
      mapRoot: sm3(encodeUtf8(`map ${size}${name}`)),
    };
  }

  async #anchor(owner: ChainSender): Promise<void> {
    const { keyId } = this.#logSigner;
    const anchor = async (name: string, from: number, checkpoint: Checkpoint): Promise<void> => {
      const { signature } = signNote(checkpoint, this.#logKey).logSignature;
      const isProven = from > 0 && checkpoint.size > from;
      const consistencyProof = isProven ? proveConsistency(from, checkpoint.size, this.#tree) : [];
      const input = { logId: this.#logId, ...checkpoint, keyId, signature, consistencyProof };
      await this.#measure(name, anchorCheckpoint(owner, this.#contracts.anchor, input));
    };
    await anchor('anchor-first', 0, this.#checkpoint(LARGE - 12_345, 61));
    await anchor('anchor', LARGE - 12_345, this.#checkpoint(LARGE, 62));
    await anchor('anchor-idle', LARGE, this.#checkpoint(LARGE, 63));
    await anchor('anchor-forked', LARGE, this.#checkpoint(LARGE, 64, 'fork'));
  }

  async #charge(member: ChainSender): Promise<void> {
    const { keyId } = this.#logSigner;
    const [a, b] = ['one', 'two'].map((name) =>
      signedCheckpoint(signNote(this.#checkpoint(LARGE + 1, 65, name), this.#logKey), keyId),
    );
    const charge: ForkCharge = { kind: 'fork', origin: this.#origin, a: a!, b: b! };
    const anchors = [LARGE - 12_345, LARGE, LARGE].map((size, sequence) => {
      const checkpoint = this.#checkpoint(size, 61 + sequence);
      return { by: 'anchor', checkpoint, sequence, anchoredAt: 0 } as const;
    });
    await this.#measure('charge-fork', member.send({ to: this.#contracts.court, data: encodeCharge(charge, anchors) }));
  }

  async #succeed(parent: ChainSender): Promise<void> {
    const share = { successor: SUCCESSOR, logIds: [this.#logId], licenceTypes: [LICENCE_TYPE] };
    const data = registryCall.encodeRecordSuccession(CODE, [share], true);
    await this.#measure('record-succession', parent.send({ to: this.#contracts.registry, data }));
  }
}

/** Those that grew by more than is allowed, in words. */
export function grownCalls(measured: Readonly<Record<string, number>>, recorded: Readonly<Record<string, number>>): string[] {
  return Object.entries(measured).flatMap(([name, gas]) => {
    const before = recorded[name];
    if (before === undefined) return [`${name}: ${gas}, and nothing is recorded`];
    return gas > before * MAX_GROWTH ? [`${name}: ${gas}, recorded ${before}`] : [];
  });
}

if (import.meta.main) {
  const gas = await measureGas();
  const asJson = process.argv.includes('--json');
  for (const [name, used] of Object.entries(gas)) {
    console.log(asJson ? JSON.stringify({ name, gas: used }) : `${name.padEnd(24)}${String(used).padStart(10)}`);
  }
  if (process.argv.includes('--write')) {
    await writeFile(GAS_FILE, `${JSON.stringify(gas, null, 2)}\n`);
  } else {
    const grown = grownCalls(gas, JSON.parse(await readFile(GAS_FILE, 'utf8')) as Record<string, number>);
    for (const line of grown) console.error(`over 2 % more gas than recorded: ${line}`);
    if (grown.length > 0) process.exitCode = 1;
  }
}
