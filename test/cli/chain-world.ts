/** A consortium of three on a chain of its own, and people who type commands. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { encodeVote } from '../../chain/consortium-call.ts';
import { type Contracts, deployContracts } from '../../chain/deploy.ts';
import { ChainSender } from '../../chain/sender.ts';
import { decodeHex } from '../../core/bytes/bytes.ts';
import { asHash } from '../../core/bytes/hash.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import type { KeyType } from '../../core/authority/registry-event.ts';
import { createKeyFile } from '../../service/key-file.ts';
import { type Anvil, CHAIN_ID, startAnvil } from '../chain/anvil.ts';
import { type Finished, veritrail } from '../system/system.ts';

export const GOVERNMENT = '11999900MB00000050';
export const BUREAU = '11999900MB0000001K';
export const OFFICE = '11999900MB0000002N';
export const HOUR = 3_600_000;

/** Account files, by name; the first three are the members’. */
const ACCOUNTS = { a: 'a1', b: 'b2', c: 'c3', bureau: 'd4' } as const;
export type Person = keyof typeof ACCOUNTS;

interface Answer {
  readonly [name: string]: unknown;
}

export class ChainWorld {
  readonly folder: string;
  readonly anvil: Anvil;
  readonly contracts: Contracts;
  readonly #senders: Readonly<Record<Person, ChainSender>>;

  private constructor(folder: string, anvil: Anvil, contracts: Contracts, senders: Readonly<Record<Person, ChainSender>>) {
    this.folder = folder;
    this.anvil = anvil;
    this.contracts = contracts;
    this.#senders = senders;
  }

  static async start(): Promise<ChainWorld> {
    const [folder, anvil] = await Promise.all([mkdtemp(join(tmpdir(), 'veritrail-chain-')), startAnvil()]);
    // Most of a short command's time is compiling.
    process.env['NODE_COMPILE_CACHE'] = join(folder, 'compiled');
    const terms = { rpcUrl: anvil.rpcUrl, chainId: CHAIN_ID, logger: pino({ level: 'silent' }), timeoutMs: 20_000 };
    const senders = Object.fromEntries(
      Object.entries(ACCOUNTS).map(([name, byte]) => [name, new ChainSender({ ...terms, privateKeyHex: byte.repeat(32) })]),
    ) as Record<Person, ChainSender>;
    const { a, b, c } = senders;
    const contracts = await deployContracts(a, {
      consortiumName: 'sample',
      members: [
        { code: GOVERNMENT, account: a.account },
        { code: BUREAU, account: b.account },
        { code: OFFICE, account: c.account },
      ],
      threshold: 3,
      suspensionThreshold: 2,
      publicDelay: HOUR,
      msPerUnit: 1000,
    });
    const world = new ChainWorld(folder, anvil, contracts, senders);
    await world.#writeFiles();
    return world;
  }

  async #writeFiles(): Promise<void> {
    const { registry, anchor, court, fromBlock } = this.contracts;
    const chain = { rpcUrl: this.anvil.rpcUrl, chainId: CHAIN_ID, registry, anchor, court, fromBlock };
    await writeFile(this.at('node.json'), JSON.stringify({ origin: 'another member', chain }));
    await writeFile(this.at('passphrase'), 'correct horse battery\n', { mode: 0o600 });
    for (const [name, byte] of Object.entries(ACCOUNTS)) {
      await writeFile(this.at(`${name}.account`), `${byte.repeat(32)}\n`, { mode: 0o600 });
    }
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  accountOf(person: Person): string {
    return this.#senders[person].account;
  }

  /** A key file, whose key is told by one byte. */
  async key(name: string, type: KeyType, byte: string): Promise<string> {
    const privateKey = parsePrivateKey(decodeHex(byte.repeat(32)));
    await createKeyFile(this.at(name), 'correct horse battery', { type, privateKey, publicKey: publicKeyOf(privateKey) });
    return this.at(name);
  }

  /** `veritrail chain …`, in English. */
  async run(args: readonly string[], person?: Person): Promise<Finished> {
    const account = person === undefined ? [] : ['--account', this.at(`${person}.account`)];
    return veritrail(['chain', ...args, '--config', this.at('node.json'), '--lang', 'en', ...account]);
  }

  /** Its answer as JSON. Throws unless it ends with 0. */
  async done(args: readonly string[], person?: Person): Promise<Answer> {
    const { code, stdout, stderr } = await this.run([...args, '--json'], person);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as Answer;
  }

  /** The other two approve, and one executes; without the command line, which is slower. */
  async decide(proposed: Answer): Promise<void> {
    const { proposalId } = proposed['proposal'] as { proposalId: string };
    const id = asHash(decodeHex(proposalId));
    const to = this.contracts.consortium;
    await this.#senders.b.send({ to, data: encodeVote('approve', id) });
    await this.#senders.c.send({ to, data: encodeVote('approve', id) });
    await this.#senders.a.send({ to, data: encodeVote('execute', id) });
  }

  async stop(): Promise<void> {
    await this.anvil.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The ids that a command's answer names. */
export function idIn(answer: Answer, name: string): string {
  for (const { values } of answer['events'] as { values: Record<string, string> }[]) {
    if (values[name] !== undefined) return values[name].slice(2);
  }
  throw new Error(`no event with ${name}: ${JSON.stringify(answer)}`);
}

export function proposalIdIn(answer: Answer): string {
  return (answer['proposal'] as { proposalId: string }).proposalId;
}
