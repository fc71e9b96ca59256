/**
 * Writes contracts/SM3.sol: the compression of GB/T 32905-2016 §5.3 with every round written out, because on the EVM a
 * loop's counter, jumps and array indexes would cost as much as the rounds.
 *
 * The EVM has neither 32-bit words nor rotations. Three habits make them cheap:
 * - *Doubled words.* A word x that will be rotated stands as x ‖ x in 64 bits: x <<< n is then the low half of a shift right by
 *   32 − n. Multiplying by 2^32 + 1 doubles, by 2^64 + 2^32 + 1 triples.
 * - *Late masks.* Addition, xor and `and` never carry downwards, so bits above the low 32 may hold anything until the word is
 *   doubled again; only there are they cut off.
 * - *Lanes.* Message words lie in memory as doubled words of 8 bytes, so one 32-byte load has four of them and expansion
 *   (§5.3.2) works on four at a time. Of these three are new: W_j depends on W_(j-3).
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const SM3_FILE = join(import.meta.dirname, '../contracts/SM3.sol');

const LANE = 8;
/** Where things lie in memory: message block, state, W_0 … W_67 and three lanes that are never read, W'_0 … W'_63. */
const BLOCK = 0x80;
const STATE = 0xc0;
const W = 0xe0;
const W1 = 0x320;

const hex = (value: number): string => `0x${value.toString(16)}`;

/** Lanes j … j + 3, the first of them in the highest bits. */
const fourFrom = (base: number, j: number): string => `mload(${hex(base + LANE * j)})`;
/** Lane j in the low 64 bits; what is above it is cut off by the next mask. */
const lane = (base: number, j: number): string => `mload(${hex(base + LANE * j - 24)})`;

/** §4.2, rotated as §5.3.3 wants it: T_j <<< (j mod 32). */
function roundConstant(j: number): string {
  const constant = j < 16 ? 0x79cc4519 : 0x7a879d8a;
  const count = j % 32;
  return `0x${(count === 0 ? constant : ((constant << count) | (constant >>> (32 - count))) >>> 0).toString(16).padStart(8, '0')}`;
}

/** Eight words of the block become eight lanes: two halves of four, each pulled apart to 64-bit steps and doubled. */
function spread(half: number): string[] {
  const lines = [`let words := mload(${hex(BLOCK + 32 * half)})`];
  for (const quarter of [0, 1]) {
    const four = quarter === 0 ? 'shr(128, words)' : 'and(words, QUARTER)';
    lines.push(
      `let four${quarter} := ${four}`,
      `four${quarter} := and(or(four${quarter}, shl(64, four${quarter})), PAIRS)`,
      `mstore(${hex(W + 64 * half + 32 * quarter)}, mul(and(or(four${quarter}, shl(32, four${quarter})), LANES), DOUBLE))`,
    );
  }
  return ['{', ...lines.map(indent), '}'];
}

/** §5.3.2: W_j = P1(W_(j-16) ^ W_(j-9) ^ (W_(j-3) <<< 15)) ^ (W_(j-13) <<< 7) ^ W_(j-6), with P1(x) = x ^ (x <<< 15) ^ (x <<< 23). */
function expand(j: number): string[] {
  const mixed = `xor(xor(${fourFrom(W, j - 16)}, ${fourFrom(W, j - 9)}), shr(17, ${fourFrom(W, j - 3)}))`;
  const permuted = 'xor(x, xor(shr(17, x), shr(9, x)))';
  const next = `xor(xor(${permuted}, shr(25, ${fourFrom(W, j - 13)})), ${fourFrom(W, j - 6)})`;
  return [
    `{ // W${j} to W${Math.min(j + 2, 67)}`,
    indent(`let x := mul(and(${mixed}, LANES), DOUBLE)`),
    indent(`mstore(${hex(W + LANE * j)}, mul(and(${next}, LANES), DOUBLE))`),
    '}',
  ];
}

/** §5.3.2: W'_j = W_j ^ W_(j+4). */
function expandPrimed(j: number): string {
  return `mstore(${hex(W1 + LANE * j)}, xor(${fourFrom(W, j)}, ${fourFrom(W, j + 4)}))`;
}

/**
 * §5.3.3, one round. The eight variables do not move: their names do, as the caller passes them on. D becomes TT1, which is the
 * next A; H becomes P0(TT2), the next E.
 */
function round(j: number, [a, b, c, d, e, f, g, h]: readonly string[]): string[] {
  const ff = j < 16 ? `xor(${c}, xor(${b}, ${a}))` : `xor(${b}, and(xor(${c}, ${b}), xor(${b}, ${a})))`;
  const gg = j < 16 ? `xor(${g}, xor(${f}, ${e}))` : `xor(${g}, and(${e}, xor(${g}, ${f})))`;
  return [
    `{ // round ${j}`,
    indent(`let a12 := shr(20, ${a})`),
    indent(`let ss1 := shr(25, mul(DOUBLE, and(LOW, add(${roundConstant(j)}, add(${e}, a12)))))`),
    indent(`${d} := mul(DOUBLE, and(LOW, add(${lane(W1, j)}, add(${d}, add(xor(ss1, a12), ${ff})))))`),
    indent(`a12 := mul(TRIPLE, and(LOW, add(${lane(W, j)}, add(${h}, add(ss1, ${gg})))))`),
    indent(`${h} := xor(a12, xor(shr(23, a12), shr(15, a12)))`),
    '}',
    `${b} := shr(23, ${b})`,
    `${f} := shr(13, ${f})`,
  ];
}

function rounds(): string[] {
  let names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  return Array.from({ length: 64 }, (_, j) => {
    const lines = round(j, names);
    const [a, b, c, d, e, f, g, h] = names as [string, string, string, string, string, string, string, string];
    names = [d, a, b, c, h, e, f, g];
    return lines;
  }).flat();
}

const indent = (line: string): string => `    ${line}`;

const steps = (from: number, to: number, by: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / by) }, (_, i) => from + by * i);

function compression(): string[] {
  return [
    "// §5.3.2: the block's 16 words, 52 more, and the 64 of W'.",
    ...[0, 1].flatMap(spread),
    ...steps(16, 68, 3).flatMap(expand),
    ...steps(0, 64, 4).map(expandPrimed),
    '',
    '// §5.3.3. Only A, B, E and F will be rotated: the others need no doubling.',
    `let h := mload(${hex(STATE)})`,
    'let a := mul(shr(224, h), DOUBLE)',
    'let b := mul(and(shr(192, h), LOW), DOUBLE)',
    'let c := shr(160, h)',
    'let d := shr(128, h)',
    'let e := mul(and(shr(96, h), LOW), DOUBLE)',
    'let f := mul(and(shr(64, h), LOW), DOUBLE)',
    'let g := shr(32, h)',
    ...rounds(),
    'a := or(or(shl(224, a), shl(192, and(b, LOW))), or(shl(160, and(c, LOW)), shl(128, and(d, LOW))))',
    'e := or(or(shl(96, and(e, LOW)), shl(64, and(f, LOW))), or(shl(32, and(g, LOW)), and(h, LOW)))',
    `mstore(${hex(STATE)}, xor(mload(${hex(STATE)}), or(a, e)))`,
  ];
}

export function generateSm3(): string {
  const body = compression()
    .map((line) => (line === '' ? '' : `${' '.repeat(16)}${line}`))
    .join('\n');
  return `// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISM3} from "./interfaces/ISM3.sol";

/// @title SM3
/// @notice See ISM3. Section numbers are those of GB/T 32905-2016.
/// @dev Written by scripts/generate-sm3.ts, which says how it works; a test proves that this is what it writes.
contract SM3 is ISM3 {
    /// @dev §4.1.
    bytes32 private constant INITIAL_STATE = 0x7380166f4914b2b9172442d7da8a0600a96f30bc163138aae38dee4db0fb0e4e;
    /// @dev More bytes than any message has, and few enough for their number of bits, a u64 (§5.2).
    uint64 private constant MAX_PREFIX = 2 ** 60;

    uint256 private constant LOW = 0xffffffff;
    uint256 private constant DOUBLE = 0x100000001;
    uint256 private constant TRIPLE = 0x10000000100000001;
    /// @dev The low 32 bits of four lanes; the low 64 of two; the low 128.
    uint256 private constant LANES = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
    uint256 private constant PAIRS = 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
    uint256 private constant QUARTER = 0xffffffffffffffffffffffffffffffff;

    /// @inheritdoc ISM3
    function hash(bytes calldata message) external pure returns (bytes32) {
        return _digest(INITIAL_STATE, 0, message);
    }

    /// @inheritdoc ISM3
    function hashAfter(bytes32 state, uint64 prefixLength, bytes calldata rest) external pure returns (bytes32) {
        if (prefixLength % 64 != 0 || prefixLength > MAX_PREFIX) revert BadPrefixLength(prefixLength);
        return _digest(state, prefixLength, rest);
    }

    /// @dev Memory from 0x80 on is used at fixed places: nothing else here uses it before the digest is made. Not declared
    /// memory-safe, so that the compiler keeps its own variables out of it.
    function _digest(bytes32 state, uint256 prefixLength, bytes calldata rest) private pure returns (bytes32 digest) {
        assembly {
            mstore(${hex(STATE)}, state)
            // §5.2: a bit 1, zeros, and the length in bits as u64 at the end of the last block.
            let end := and(add(rest.length, 72), not(63))
            for { let start := 0 } lt(start, end) { start := add(start, 64) } {
                switch gt(add(start, 64), rest.length)
                case 0 { calldatacopy(${hex(BLOCK)}, add(rest.offset, start), 64) }
                default {
                    // Not copied beyond the end: what follows there is the caller's and need not be zero.
                    mstore(${hex(BLOCK)}, 0)
                    mstore(${hex(BLOCK + 32)}, 0)
                    if iszero(lt(rest.length, start)) {
                        let left := sub(rest.length, start)
                        calldatacopy(${hex(BLOCK)}, add(rest.offset, start), left)
                        mstore8(add(${hex(BLOCK)}, left), 0x80)
                    }
                    if eq(add(start, 64), end) {
                        mstore(${hex(BLOCK + 32)}, or(mload(${hex(BLOCK + 32)}), shl(3, add(prefixLength, rest.length))))
                    }
                }

${body}
            }
            digest := mload(${hex(STATE)})
        }
    }
}
`;
}

if (import.meta.main) await writeFile(SM3_FILE, generateSm3());
