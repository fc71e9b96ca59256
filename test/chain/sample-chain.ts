/** A chain with both contracts, two authorities and a licence log with its key: what anchoring needs. */
import { pino } from 'pino';
import { decodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { type Hash, ZERO_HASH } from '../../core/bytes/hash.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { parsePrivateKey, parseSignature, publicKeyOf } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { anchorCheckpoint, encodeAddKey, encodeRegisterAuthority, encodeRegisterLog } from '../../chain/contract-call.ts';
import { deployContracts, type Contracts } from '../../chain/deploy.ts';
import { ChainReader, type ReaderOptions } from '../../chain/reader.ts';
import { ChainRpc } from '../../chain/rpc.ts';
import { ChainSender, type Receipt, type SenderOptions } from '../../chain/sender.ts';
import { CHAIN_ID, startAnvil, type Anvil } from './anvil.ts';

export const OWNER = '11100000000013338W';
export const OTHER = '11100000MB03271699';
export const LICENCE_TYPE = '11100000000013338W009';
export const ORIGIN = parseOrigin(`sample/${OWNER}/licences`);
export const LOG_ID = logIdOf(ORIGIN);
/** The SM2 key that a test names by one byte. */
export const publicKey = (byte: string) => publicKeyOf(parsePrivateKey(decodeHex(byte.repeat(32))));
export const LOG_KEY = publicKey('22');
export const SIGNATURE = parseSignature(new Uint8Array(64).fill(0x5a));
export const root = (name: string) => sm3(encodeUtf8(name));
export const logger = pino({ level: 'silent' });

export interface SampleChain {
  readonly anvil: Anvil;
  readonly rpc: ChainRpc;
  readonly contracts: Contracts;
  /** Writes the registry. */
  readonly admin: ChainSender;
  /** Anchors the log. */
  readonly owner: ChainSender;
  reader(options?: Partial<ReaderOptions>): ChainReader;
  sender(keyByte: string, options?: Partial<SenderOptions>): ChainSender;
  /** Anchors a checkpoint later than all before it. */
  anchor(size: number, rootName?: string, sender?: ChainSender, keyId?: Hash): Promise<Receipt>;
}

export async function startSampleChain(): Promise<SampleChain> {
  const anvil = await startAnvil();
  const { rpcUrl } = anvil;
  const sender = (keyByte: string, options: Partial<SenderOptions> = {}) =>
    new ChainSender({ rpcUrl, privateKeyHex: keyByte.repeat(32), chainId: CHAIN_ID, logger, timeoutMs: 10_000, ...options });
  const [admin, owner] = [sender('a1'), sender('b2')];
  const contracts = await deployContracts(admin, { admin: admin.account, msPerUnit: 1000 });
  const { registry, anchor } = contracts;
  const account = decodeHex(owner.account.slice(2));
  for (const data of [
    encodeRegisterAuthority({ code: OWNER, name: '自然资源部', region: '110000', parent: null, account }),
    encodeAddKey({ code: OWNER, keyId: keyIdOf(LOG_KEY), keyType: 'log', publicKey: LOG_KEY, validFrom: 0 }),
    encodeRegisterLog({
      logId: LOG_ID,
      owner: OWNER,
      origin: ORIGIN,
      class: 'licence',
      quantum: 1,
      beat: 60_000,
      promiseSpan: 120_001,
    }),
  ]) {
    await admin.send({ to: registry, data });
  }
  const rpc = new ChainRpc({ rpcUrl, timeoutMs: 5000 });
  let issuedAt = 0;
  return {
    anvil,
    rpc,
    contracts,
    admin,
    owner,
    reader: (options = {}) => new ChainReader({ rpcUrl, ...contracts, confirmations: 0, logger, timeoutMs: 5000, ...options }),
    sender,
    async anchor(size, rootName = `root ${size}`, from = owner, keyId = keyIdOf(LOG_KEY)) {
      issuedAt = Math.max(issuedAt + 1, (await rpc.block(await rpc.blockNumber()))!.at);
      const roots = { rootHash: root(rootName), mapRoot: size === 0 ? ZERO_HASH : root(`map ${rootName}`) };
      const signed = { keyId, signature: SIGNATURE, consistencyProof: [] };
      return anchorCheckpoint(from, anchor, { logId: LOG_ID, size, issuedAt, ...roots, ...signed });
    },
  };
}
