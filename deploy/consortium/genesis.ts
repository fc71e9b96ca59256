/**
 * What the validators agree on before the first block: who they are and by which rules blocks are made. Nobody can change it later
 * without starting another chain, but for what the engine lets more than half of the validators vote on.
 *
 * A validator is named by one line, which its host makes and hands to the others:
 *
 *   kni://<64-byte public key, hex>@<IPv4 address>:<port>?discport=0&ntype=cn
 */
import { createECDH, ECDH } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { malformed } from '../../core/bytes/error.ts';

const CURVE = 'secp256k1';

export interface Peer {
  /** x‖y, 64 bytes. */
  readonly publicKey: Uint8Array;
  readonly host: string;
  readonly port: number;
}

/** 20 bytes. */
export function addressOf({ publicKey }: Peer): Uint8Array {
  return keccak_256(publicKey).slice(12);
}

export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  const ecdh = createECDH(CURVE);
  ecdh.setPrivateKey(privateKey);
  return new Uint8Array(ecdh.getPublicKey()).slice(1);
}

export function formatPeer({ publicKey, host, port }: Peer): string {
  return `kni://${encodeHex(publicKey)}@${host}:${port}?discport=0&ntype=cn`;
}

/** Throws MALFORMED. Names are refused: the engine takes addresses only. */
export function parsePeer(line: string): Peer {
  const [, key, host, digits] = /^kni:\/\/([0-9a-f]{128})@([0-9.]+):([1-9]\d{0,4})\?discport=0&ntype=cn$/.exec(line) ?? [];
  const port = Number(digits);
  if (key === undefined || host === undefined || !isIPv4(host) || port > 65_535) {
    throw malformed('a validator is kni://<128 hex>@<IPv4 address>:<port>?discport=0&ntype=cn');
  }
  try {
    ECDH.convertKey(`04${key}`, CURVE, 'hex');
  } catch {
    throw malformed('the public key is no point of the curve');
  }
  return { publicKey: decodeHex(key), host, port };
}

export interface GenesisTerms {
  readonly chainId: number;
  /** UTC ms. */
  readonly createdAt: number;
  readonly peers: readonly Peer[];
}

/** With fewer than four, one validator that fails stops the chain. */
const LEAST_VALIDATORS = 4;
/** All sign every block, up to this many; beyond it the engine draws some by lot. */
const LARGEST_COMMITTEE = 100;
const NOBODY = `0x${'00'.repeat(20)}`;

/** The same bytes for the same terms, in whichever order the peers are given. Throws MALFORMED. */
export function formatGenesis({ chainId, createdAt, peers }: GenesisTerms): string {
  const addresses = peers.map((peer) => encodeHex(addressOf(peer))).toSorted();
  if (addresses.length < LEAST_VALIDATORS) throw malformed(`at least ${LEAST_VALIDATORS} validators are needed`);
  if (addresses.length > LARGEST_COMMITTEE) throw malformed(`at most ${LARGEST_COMMITTEE} validators can all sign`);
  if (new Set(addresses).size < addresses.length) throw malformed('a validator is named twice');
  const genesis = {
    config: {
      chainId,
      // No fork later than London: from Magma on a transaction has a price that cannot be zero.
      istanbulCompatibleBlock: 0,
      londonCompatibleBlock: 0,
      ethTxTypeCompatibleBlock: 0,
      istanbul: { epoch: 604_800, policy: 0, sub: LARGEST_COMMITTEE },
      unitPrice: 0,
      deriveShaImpl: 0,
      governance: {
        governingNode: NOBODY,
        governanceMode: 'none',
        govParamContract: NOBODY,
        // No money is made: the validators are paid by the state's budget, not by the chain.
        reward: {
          mintingAmount: 0,
          ratio: '100/0/0',
          useGiniCoeff: false,
          deferredTxFee: false,
          stakingUpdateInterval: 86_400,
          proposerUpdateInterval: 3_600,
          minimumStake: 0,
        },
      },
    },
    timestamp: `0x${Math.floor(createdAt / 1000).toString(16)}`,
    extraData: `0x${encodeHex(extraDataOf(addresses.map((address) => decodeHex(address))))}`,
    governanceData: null,
    blockScore: '0x1',
    // No account has a balance, and none needs one.
    alloc: {},
  };
  return `${JSON.stringify(genesis, null, 2)}\n`;
}

/** 32 bytes that mean nothing ‖ RLP [[validator …], the proposer's seal: none yet, [committed seals]]. */
function extraDataOf(addresses: readonly Uint8Array[]): Uint8Array {
  const validators = rlpList(addresses.map(rlpBytes));
  return concatBytes(new Uint8Array(32), rlpList([validators, rlpBytes(new Uint8Array(65)), rlpList([])]));
}

/** Of more than one byte: a single one has a spelling of its own. */
function rlpBytes(bytes: Uint8Array): Uint8Array {
  return concatBytes(rlpHead(0x80, bytes.length), bytes);
}

function rlpList(items: readonly Uint8Array[]): Uint8Array {
  const bytes = concatBytes(...items);
  return concatBytes(rlpHead(0xc0, bytes.length), bytes);
}

/** Up to 55 the length stands in the first byte, beyond that its own length does. */
function rlpHead(kind: 0x80 | 0xc0, length: number): Uint8Array {
  if (length <= 55) return Uint8Array.of(kind + length);
  const digits = length < 256 ? [length] : [length >>> 8, length & 0xff];
  return Uint8Array.of(kind + 55 + digits.length, ...digits);
}
