/** Registers the lying department as any other: under the government, with keys of its own, a scope and a log for each lie. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { decodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { KeyType } from '../../core/authority/registry-event.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { logIdOf, type Origin } from '../../core/log/origin.ts';
import { privateKeyFromRandom, publicKeyOf } from '../../core/sm/sm2.ts';
import { REGISTRY } from '../../chain/abi.ts';
import type { ChainConfig } from '../../chain/config.ts';
import { decideTogether } from '../../chain/consortium-call.ts';
import { addKeyCall } from '../../chain/key-change.ts';
import { encodeGrantScope, encodeRegisterAuthority, encodeRegisterLog, encodeSetMode } from '../../chain/registry-call.ts';
import { ChainRpc } from '../../chain/rpc.ts';
import type { ChainSender, Receipt } from '../../chain/sender.ts';
import { readConsortiumAddress } from '../../chain/view.ts';
import { asHash } from '../../core/bytes/hash.ts';
import { readSecret } from '../../service/config.ts';
import { createKeyFile } from '../../service/key-file.ts';
import { createSigner, openSigner, type Signer } from '../../service/signer.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };

export interface FoundingOptions {
  readonly chain: ChainConfig;
  /** With the sample's keys; the department's are put there, too. */
  readonly keysDirectory: string;
  readonly senders: { readonly government: ChainSender; readonly evil: ChainSender };
  /** As many members as decide. */
  readonly voters: readonly ChainSender[];
}

const DAY = 86_400_000;
const QUANTUM = 1_000;
const government = sample.authorities.find(({ id }) => id === 'government')!;

/** The code of a department that the sample does not have: the check character is found by trying. */
function freeCode(): string {
  const codes = Array.from('0123456789ABCDEFGHJKLMNPQRTUWXY', (check) => `11999900MB0000099${check}`);
  const isCode = (code: string): boolean => {
    try {
      parseUscc(code);
      return true;
    } catch (error) {
      if (isCodedError(error)) return false;
      throw error;
    }
  };
  return codes.find(isCode)!;
}

export class Founding {
  readonly code = freeCode();
  readonly #options: FoundingOptions;
  readonly #rpc: ChainRpc;
  readonly #passphrase: string;
  readonly #officer: Signer;

  private constructor(options: FoundingOptions, passphrase: string, officer: Signer) {
    this.#options = options;
    this.#rpc = new ChainRpc({ rpcUrl: options.chain.rpcUrl, timeoutMs: 10_000 });
    this.#passphrase = passphrase;
    this.#officer = officer;
  }

  static async open(options: FoundingOptions): Promise<Founding> {
    const passphrase = await readSecret(join(options.keysDirectory, 'passphrase'));
    const officer = await openSigner(join(options.keysDirectory, 'government-authority.key.json'), passphrase, 'authority');
    return new Founding(options, passphrase, officer);
  }

  async registerDepartment(): Promise<void> {
    const { code } = this;
    const { evil } = this.#options.senders;
    const account = decodeHex(evil.account.slice(2), 20);
    const name = '样例市虚构局';
    await this.#call(
      'government',
      encodeRegisterAuthority({ code, name, region: government.region, parent: government.code, account }),
    );
    for (const keyType of ['log', 'document'] as const) await this.#addKey(keyType);
  }

  async #addKey(keyType: KeyType): Promise<void> {
    const { chain, keysDirectory } = this.#options;
    const privateKey = privateKeyFromRandom(randomBytes(40));
    const key = { type: keyType, privateKey, publicKey: publicKeyOf(privateKey) };
    await createKeyFile(join(keysDirectory, `evil-${keyType}.key.json`), this.#passphrase, key);
    const at = { rpc: this.#rpc, chainId: chain.chainId, registry: chain.registry };
    const terms = { code: this.code, keyType, validFrom: 0 };
    await this.#call('evil', await addKeyCall(at, terms, createSigner(key), this.#officer));
  }

  /** The government has the type's scope from the members, and grants a part of it. */
  async registerLog(origin: Origin, licenceType: string, beat: number): Promise<void> {
    const { code } = this;
    const terms = { licenceType, region: government.region, validFrom: 0, validTo: null };
    const decided = await this.#decide(encodeGrantScope({ ...terms, code: government.code, parentId: null }));
    await this.#call('government', encodeGrantScope({ ...terms, code, parentId: this.#scopeIn(decided) }));
    const promiseSpan = QUANTUM + 3 * beat;
    await this.#call(
      'evil',
      encodeRegisterLog({ owner: code, origin, class: 'licence', quantum: QUANTUM, beat, promiseSpan, term: null }),
    );
    await this.#call('evil', encodeSetMode({ logId: logIdOf(origin), licenceType, mode: 'public' }));
  }

  #scopeIn({ logs }: Receipt): Hash {
    const found = logs.map((log) => REGISTRY.parseLog(log)).find((event) => event?.name === 'ScopeGranted');
    return asHash(decodeHex((found!.args.getValue('scopeId') as string).slice(2)));
  }

  async #decide(data: string): Promise<Receipt> {
    const { chain, voters } = this.#options;
    const consortium = await readConsortiumAddress(this.#rpc, chain.registry);
    return decideTogether(voters, { consortium, call: { to: chain.registry, data }, expiresAt: Date.now() + DAY });
  }

  #call(by: 'government' | 'evil', data: string): Promise<Receipt> {
    return this.#options.senders[by].send({ to: this.#options.chain.registry, data });
  }
}
