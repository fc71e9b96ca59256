// SPDX-License-Identifier: Apache-2.0
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
            mstore(0xc0, state)
            // §5.2: a bit 1, zeros, and the length in bits as u64 at the end of the last block.
            let end := and(add(rest.length, 72), not(63))
            for { let start := 0 } lt(start, end) { start := add(start, 64) } {
                switch gt(add(start, 64), rest.length)
                case 0 { calldatacopy(0x80, add(rest.offset, start), 64) }
                default {
                    // Not copied beyond the end: what follows there is the caller's and need not be zero.
                    mstore(0x80, 0)
                    mstore(0xa0, 0)
                    if iszero(lt(rest.length, start)) {
                        let left := sub(rest.length, start)
                        calldatacopy(0x80, add(rest.offset, start), left)
                        mstore8(add(0x80, left), 0x80)
                    }
                    if eq(add(start, 64), end) {
                        mstore(0xa0, or(mload(0xa0), shl(3, add(prefixLength, rest.length))))
                    }
                }

                // §5.3.2: the block's 16 words, 52 more, and the 64 of W'.
                {
                    let words := mload(0x80)
                    let four0 := shr(128, words)
                    four0 := and(or(four0, shl(64, four0)), PAIRS)
                    mstore(0xe0, mul(and(or(four0, shl(32, four0)), LANES), DOUBLE))
                    let four1 := and(words, QUARTER)
                    four1 := and(or(four1, shl(64, four1)), PAIRS)
                    mstore(0x100, mul(and(or(four1, shl(32, four1)), LANES), DOUBLE))
                }
                {
                    let words := mload(0xa0)
                    let four0 := shr(128, words)
                    four0 := and(or(four0, shl(64, four0)), PAIRS)
                    mstore(0x120, mul(and(or(four0, shl(32, four0)), LANES), DOUBLE))
                    let four1 := and(words, QUARTER)
                    four1 := and(or(four1, shl(64, four1)), PAIRS)
                    mstore(0x140, mul(and(or(four1, shl(32, four1)), LANES), DOUBLE))
                }
                { // W16 to W18
                    let x := mul(and(xor(xor(mload(0xe0), mload(0x118)), shr(17, mload(0x148))), LANES), DOUBLE)
                    mstore(0x160, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0xf8))), mload(0x130)), LANES), DOUBLE))
                }
                { // W19 to W21
                    let x := mul(and(xor(xor(mload(0xf8), mload(0x130)), shr(17, mload(0x160))), LANES), DOUBLE)
                    mstore(0x178, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x110))), mload(0x148)), LANES), DOUBLE))
                }
                { // W22 to W24
                    let x := mul(and(xor(xor(mload(0x110), mload(0x148)), shr(17, mload(0x178))), LANES), DOUBLE)
                    mstore(0x190, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x128))), mload(0x160)), LANES), DOUBLE))
                }
                { // W25 to W27
                    let x := mul(and(xor(xor(mload(0x128), mload(0x160)), shr(17, mload(0x190))), LANES), DOUBLE)
                    mstore(0x1a8, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x140))), mload(0x178)), LANES), DOUBLE))
                }
                { // W28 to W30
                    let x := mul(and(xor(xor(mload(0x140), mload(0x178)), shr(17, mload(0x1a8))), LANES), DOUBLE)
                    mstore(0x1c0, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x158))), mload(0x190)), LANES), DOUBLE))
                }
                { // W31 to W33
                    let x := mul(and(xor(xor(mload(0x158), mload(0x190)), shr(17, mload(0x1c0))), LANES), DOUBLE)
                    mstore(0x1d8, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x170))), mload(0x1a8)), LANES), DOUBLE))
                }
                { // W34 to W36
                    let x := mul(and(xor(xor(mload(0x170), mload(0x1a8)), shr(17, mload(0x1d8))), LANES), DOUBLE)
                    mstore(0x1f0, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x188))), mload(0x1c0)), LANES), DOUBLE))
                }
                { // W37 to W39
                    let x := mul(and(xor(xor(mload(0x188), mload(0x1c0)), shr(17, mload(0x1f0))), LANES), DOUBLE)
                    mstore(0x208, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x1a0))), mload(0x1d8)), LANES), DOUBLE))
                }
                { // W40 to W42
                    let x := mul(and(xor(xor(mload(0x1a0), mload(0x1d8)), shr(17, mload(0x208))), LANES), DOUBLE)
                    mstore(0x220, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x1b8))), mload(0x1f0)), LANES), DOUBLE))
                }
                { // W43 to W45
                    let x := mul(and(xor(xor(mload(0x1b8), mload(0x1f0)), shr(17, mload(0x220))), LANES), DOUBLE)
                    mstore(0x238, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x1d0))), mload(0x208)), LANES), DOUBLE))
                }
                { // W46 to W48
                    let x := mul(and(xor(xor(mload(0x1d0), mload(0x208)), shr(17, mload(0x238))), LANES), DOUBLE)
                    mstore(0x250, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x1e8))), mload(0x220)), LANES), DOUBLE))
                }
                { // W49 to W51
                    let x := mul(and(xor(xor(mload(0x1e8), mload(0x220)), shr(17, mload(0x250))), LANES), DOUBLE)
                    mstore(0x268, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x200))), mload(0x238)), LANES), DOUBLE))
                }
                { // W52 to W54
                    let x := mul(and(xor(xor(mload(0x200), mload(0x238)), shr(17, mload(0x268))), LANES), DOUBLE)
                    mstore(0x280, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x218))), mload(0x250)), LANES), DOUBLE))
                }
                { // W55 to W57
                    let x := mul(and(xor(xor(mload(0x218), mload(0x250)), shr(17, mload(0x280))), LANES), DOUBLE)
                    mstore(0x298, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x230))), mload(0x268)), LANES), DOUBLE))
                }
                { // W58 to W60
                    let x := mul(and(xor(xor(mload(0x230), mload(0x268)), shr(17, mload(0x298))), LANES), DOUBLE)
                    mstore(0x2b0, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x248))), mload(0x280)), LANES), DOUBLE))
                }
                { // W61 to W63
                    let x := mul(and(xor(xor(mload(0x248), mload(0x280)), shr(17, mload(0x2b0))), LANES), DOUBLE)
                    mstore(0x2c8, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x260))), mload(0x298)), LANES), DOUBLE))
                }
                { // W64 to W66
                    let x := mul(and(xor(xor(mload(0x260), mload(0x298)), shr(17, mload(0x2c8))), LANES), DOUBLE)
                    mstore(0x2e0, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x278))), mload(0x2b0)), LANES), DOUBLE))
                }
                { // W67 to W67
                    let x := mul(and(xor(xor(mload(0x278), mload(0x2b0)), shr(17, mload(0x2e0))), LANES), DOUBLE)
                    mstore(0x2f8, mul(and(xor(xor(xor(x, xor(shr(17, x), shr(9, x))), shr(25, mload(0x290))), mload(0x2c8)), LANES), DOUBLE))
                }
                mstore(0x320, xor(mload(0xe0), mload(0x100)))
                mstore(0x340, xor(mload(0x100), mload(0x120)))
                mstore(0x360, xor(mload(0x120), mload(0x140)))
                mstore(0x380, xor(mload(0x140), mload(0x160)))
                mstore(0x3a0, xor(mload(0x160), mload(0x180)))
                mstore(0x3c0, xor(mload(0x180), mload(0x1a0)))
                mstore(0x3e0, xor(mload(0x1a0), mload(0x1c0)))
                mstore(0x400, xor(mload(0x1c0), mload(0x1e0)))
                mstore(0x420, xor(mload(0x1e0), mload(0x200)))
                mstore(0x440, xor(mload(0x200), mload(0x220)))
                mstore(0x460, xor(mload(0x220), mload(0x240)))
                mstore(0x480, xor(mload(0x240), mload(0x260)))
                mstore(0x4a0, xor(mload(0x260), mload(0x280)))
                mstore(0x4c0, xor(mload(0x280), mload(0x2a0)))
                mstore(0x4e0, xor(mload(0x2a0), mload(0x2c0)))
                mstore(0x500, xor(mload(0x2c0), mload(0x2e0)))

                // §5.3.3. Only A, B, E and F will be rotated: the others need no doubling.
                let h := mload(0xc0)
                let a := mul(shr(224, h), DOUBLE)
                let b := mul(and(shr(192, h), LOW), DOUBLE)
                let c := shr(160, h)
                let d := shr(128, h)
                let e := mul(and(shr(96, h), LOW), DOUBLE)
                let f := mul(and(shr(64, h), LOW), DOUBLE)
                let g := shr(32, h)
                { // round 0
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x79cc4519, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x308), add(d, add(xor(ss1, a12), xor(c, xor(b, a)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0xc8), add(h, add(ss1, xor(g, xor(f, e)))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 1
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xf3988a32, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x310), add(c, add(xor(ss1, a12), xor(b, xor(a, d)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0xd0), add(g, add(ss1, xor(f, xor(e, h)))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 2
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xe7311465, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x318), add(b, add(xor(ss1, a12), xor(a, xor(d, c)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0xd8), add(f, add(ss1, xor(e, xor(h, g)))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 3
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xce6228cb, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x320), add(a, add(xor(ss1, a12), xor(d, xor(c, b)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0xe0), add(e, add(ss1, xor(h, xor(g, f)))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 4
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x9cc45197, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x328), add(d, add(xor(ss1, a12), xor(c, xor(b, a)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0xe8), add(h, add(ss1, xor(g, xor(f, e)))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 5
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x3988a32f, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x330), add(c, add(xor(ss1, a12), xor(b, xor(a, d)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0xf0), add(g, add(ss1, xor(f, xor(e, h)))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 6
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x7311465e, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x338), add(b, add(xor(ss1, a12), xor(a, xor(d, c)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0xf8), add(f, add(ss1, xor(e, xor(h, g)))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 7
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xe6228cbc, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x340), add(a, add(xor(ss1, a12), xor(d, xor(c, b)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x100), add(e, add(ss1, xor(h, xor(g, f)))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 8
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xcc451979, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x348), add(d, add(xor(ss1, a12), xor(c, xor(b, a)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x108), add(h, add(ss1, xor(g, xor(f, e)))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 9
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x988a32f3, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x350), add(c, add(xor(ss1, a12), xor(b, xor(a, d)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x110), add(g, add(ss1, xor(f, xor(e, h)))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 10
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x311465e7, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x358), add(b, add(xor(ss1, a12), xor(a, xor(d, c)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x118), add(f, add(ss1, xor(e, xor(h, g)))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 11
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x6228cbce, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x360), add(a, add(xor(ss1, a12), xor(d, xor(c, b)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x120), add(e, add(ss1, xor(h, xor(g, f)))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 12
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xc451979c, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x368), add(d, add(xor(ss1, a12), xor(c, xor(b, a)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x128), add(h, add(ss1, xor(g, xor(f, e)))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 13
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x88a32f39, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x370), add(c, add(xor(ss1, a12), xor(b, xor(a, d)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x130), add(g, add(ss1, xor(f, xor(e, h)))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 14
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x11465e73, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x378), add(b, add(xor(ss1, a12), xor(a, xor(d, c)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x138), add(f, add(ss1, xor(e, xor(h, g)))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 15
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x228cbce6, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x380), add(a, add(xor(ss1, a12), xor(d, xor(c, b)))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x140), add(e, add(ss1, xor(h, xor(g, f)))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 16
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x9d8a7a87, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x388), add(d, add(xor(ss1, a12), xor(b, and(xor(c, b), xor(b, a))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x148), add(h, add(ss1, xor(g, and(e, xor(g, f))))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 17
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x3b14f50f, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x390), add(c, add(xor(ss1, a12), xor(a, and(xor(b, a), xor(a, d))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x150), add(g, add(ss1, xor(f, and(h, xor(f, e))))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 18
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x7629ea1e, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x398), add(b, add(xor(ss1, a12), xor(d, and(xor(a, d), xor(d, c))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x158), add(f, add(ss1, xor(e, and(g, xor(e, h))))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 19
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xec53d43c, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x3a0), add(a, add(xor(ss1, a12), xor(c, and(xor(d, c), xor(c, b))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x160), add(e, add(ss1, xor(h, and(f, xor(h, g))))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 20
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xd8a7a879, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x3a8), add(d, add(xor(ss1, a12), xor(b, and(xor(c, b), xor(b, a))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x168), add(h, add(ss1, xor(g, and(e, xor(g, f))))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 21
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xb14f50f3, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x3b0), add(c, add(xor(ss1, a12), xor(a, and(xor(b, a), xor(a, d))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x170), add(g, add(ss1, xor(f, and(h, xor(f, e))))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 22
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x629ea1e7, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x3b8), add(b, add(xor(ss1, a12), xor(d, and(xor(a, d), xor(d, c))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x178), add(f, add(ss1, xor(e, and(g, xor(e, h))))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 23
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xc53d43ce, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x3c0), add(a, add(xor(ss1, a12), xor(c, and(xor(d, c), xor(c, b))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x180), add(e, add(ss1, xor(h, and(f, xor(h, g))))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 24
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x8a7a879d, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x3c8), add(d, add(xor(ss1, a12), xor(b, and(xor(c, b), xor(b, a))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x188), add(h, add(ss1, xor(g, and(e, xor(g, f))))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 25
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x14f50f3b, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x3d0), add(c, add(xor(ss1, a12), xor(a, and(xor(b, a), xor(a, d))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x190), add(g, add(ss1, xor(f, and(h, xor(f, e))))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 26
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x29ea1e76, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x3d8), add(b, add(xor(ss1, a12), xor(d, and(xor(a, d), xor(d, c))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x198), add(f, add(ss1, xor(e, and(g, xor(e, h))))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 27
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x53d43cec, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x3e0), add(a, add(xor(ss1, a12), xor(c, and(xor(d, c), xor(c, b))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x1a0), add(e, add(ss1, xor(h, and(f, xor(h, g))))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 28
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xa7a879d8, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x3e8), add(d, add(xor(ss1, a12), xor(b, and(xor(c, b), xor(b, a))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x1a8), add(h, add(ss1, xor(g, and(e, xor(g, f))))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 29
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x4f50f3b1, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x3f0), add(c, add(xor(ss1, a12), xor(a, and(xor(b, a), xor(a, d))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x1b0), add(g, add(ss1, xor(f, and(h, xor(f, e))))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 30
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x9ea1e762, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x3f8), add(b, add(xor(ss1, a12), xor(d, and(xor(a, d), xor(d, c))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x1b8), add(f, add(ss1, xor(e, and(g, xor(e, h))))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 31
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x3d43cec5, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x400), add(a, add(xor(ss1, a12), xor(c, and(xor(d, c), xor(c, b))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x1c0), add(e, add(ss1, xor(h, and(f, xor(h, g))))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 32
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x7a879d8a, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x408), add(d, add(xor(ss1, a12), xor(b, and(xor(c, b), xor(b, a))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x1c8), add(h, add(ss1, xor(g, and(e, xor(g, f))))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 33
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xf50f3b14, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x410), add(c, add(xor(ss1, a12), xor(a, and(xor(b, a), xor(a, d))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x1d0), add(g, add(ss1, xor(f, and(h, xor(f, e))))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 34
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xea1e7629, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x418), add(b, add(xor(ss1, a12), xor(d, and(xor(a, d), xor(d, c))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x1d8), add(f, add(ss1, xor(e, and(g, xor(e, h))))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 35
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xd43cec53, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x420), add(a, add(xor(ss1, a12), xor(c, and(xor(d, c), xor(c, b))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x1e0), add(e, add(ss1, xor(h, and(f, xor(h, g))))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 36
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xa879d8a7, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x428), add(d, add(xor(ss1, a12), xor(b, and(xor(c, b), xor(b, a))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x1e8), add(h, add(ss1, xor(g, and(e, xor(g, f))))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 37
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x50f3b14f, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x430), add(c, add(xor(ss1, a12), xor(a, and(xor(b, a), xor(a, d))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x1f0), add(g, add(ss1, xor(f, and(h, xor(f, e))))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 38
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xa1e7629e, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x438), add(b, add(xor(ss1, a12), xor(d, and(xor(a, d), xor(d, c))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x1f8), add(f, add(ss1, xor(e, and(g, xor(e, h))))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 39
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x43cec53d, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x440), add(a, add(xor(ss1, a12), xor(c, and(xor(d, c), xor(c, b))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x200), add(e, add(ss1, xor(h, and(f, xor(h, g))))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 40
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x879d8a7a, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x448), add(d, add(xor(ss1, a12), xor(b, and(xor(c, b), xor(b, a))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x208), add(h, add(ss1, xor(g, and(e, xor(g, f))))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 41
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x0f3b14f5, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x450), add(c, add(xor(ss1, a12), xor(a, and(xor(b, a), xor(a, d))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x210), add(g, add(ss1, xor(f, and(h, xor(f, e))))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 42
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x1e7629ea, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x458), add(b, add(xor(ss1, a12), xor(d, and(xor(a, d), xor(d, c))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x218), add(f, add(ss1, xor(e, and(g, xor(e, h))))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 43
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x3cec53d4, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x460), add(a, add(xor(ss1, a12), xor(c, and(xor(d, c), xor(c, b))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x220), add(e, add(ss1, xor(h, and(f, xor(h, g))))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 44
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x79d8a7a8, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x468), add(d, add(xor(ss1, a12), xor(b, and(xor(c, b), xor(b, a))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x228), add(h, add(ss1, xor(g, and(e, xor(g, f))))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 45
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xf3b14f50, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x470), add(c, add(xor(ss1, a12), xor(a, and(xor(b, a), xor(a, d))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x230), add(g, add(ss1, xor(f, and(h, xor(f, e))))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 46
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xe7629ea1, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x478), add(b, add(xor(ss1, a12), xor(d, and(xor(a, d), xor(d, c))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x238), add(f, add(ss1, xor(e, and(g, xor(e, h))))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 47
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xcec53d43, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x480), add(a, add(xor(ss1, a12), xor(c, and(xor(d, c), xor(c, b))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x240), add(e, add(ss1, xor(h, and(f, xor(h, g))))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 48
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x9d8a7a87, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x488), add(d, add(xor(ss1, a12), xor(b, and(xor(c, b), xor(b, a))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x248), add(h, add(ss1, xor(g, and(e, xor(g, f))))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 49
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x3b14f50f, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x490), add(c, add(xor(ss1, a12), xor(a, and(xor(b, a), xor(a, d))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x250), add(g, add(ss1, xor(f, and(h, xor(f, e))))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 50
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x7629ea1e, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x498), add(b, add(xor(ss1, a12), xor(d, and(xor(a, d), xor(d, c))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x258), add(f, add(ss1, xor(e, and(g, xor(e, h))))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 51
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xec53d43c, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x4a0), add(a, add(xor(ss1, a12), xor(c, and(xor(d, c), xor(c, b))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x260), add(e, add(ss1, xor(h, and(f, xor(h, g))))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 52
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xd8a7a879, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x4a8), add(d, add(xor(ss1, a12), xor(b, and(xor(c, b), xor(b, a))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x268), add(h, add(ss1, xor(g, and(e, xor(g, f))))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 53
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xb14f50f3, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x4b0), add(c, add(xor(ss1, a12), xor(a, and(xor(b, a), xor(a, d))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x270), add(g, add(ss1, xor(f, and(h, xor(f, e))))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 54
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x629ea1e7, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x4b8), add(b, add(xor(ss1, a12), xor(d, and(xor(a, d), xor(d, c))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x278), add(f, add(ss1, xor(e, and(g, xor(e, h))))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 55
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xc53d43ce, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x4c0), add(a, add(xor(ss1, a12), xor(c, and(xor(d, c), xor(c, b))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x280), add(e, add(ss1, xor(h, and(f, xor(h, g))))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 56
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x8a7a879d, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x4c8), add(d, add(xor(ss1, a12), xor(b, and(xor(c, b), xor(b, a))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x288), add(h, add(ss1, xor(g, and(e, xor(g, f))))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 57
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x14f50f3b, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x4d0), add(c, add(xor(ss1, a12), xor(a, and(xor(b, a), xor(a, d))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x290), add(g, add(ss1, xor(f, and(h, xor(f, e))))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 58
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x29ea1e76, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x4d8), add(b, add(xor(ss1, a12), xor(d, and(xor(a, d), xor(d, c))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x298), add(f, add(ss1, xor(e, and(g, xor(e, h))))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 59
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x53d43cec, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x4e0), add(a, add(xor(ss1, a12), xor(c, and(xor(d, c), xor(c, b))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x2a0), add(e, add(ss1, xor(h, and(f, xor(h, g))))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                { // round 60
                    let a12 := shr(20, a)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0xa7a879d8, add(e, a12)))))
                    d := mul(DOUBLE, and(LOW, add(mload(0x4e8), add(d, add(xor(ss1, a12), xor(b, and(xor(c, b), xor(b, a))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x2a8), add(h, add(ss1, xor(g, and(e, xor(g, f))))))))
                    h := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                b := shr(23, b)
                f := shr(13, f)
                { // round 61
                    let a12 := shr(20, d)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x4f50f3b1, add(h, a12)))))
                    c := mul(DOUBLE, and(LOW, add(mload(0x4f0), add(c, add(xor(ss1, a12), xor(a, and(xor(b, a), xor(a, d))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x2b0), add(g, add(ss1, xor(f, and(h, xor(f, e))))))))
                    g := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                a := shr(23, a)
                e := shr(13, e)
                { // round 62
                    let a12 := shr(20, c)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x9ea1e762, add(g, a12)))))
                    b := mul(DOUBLE, and(LOW, add(mload(0x4f8), add(b, add(xor(ss1, a12), xor(d, and(xor(a, d), xor(d, c))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x2b8), add(f, add(ss1, xor(e, and(g, xor(e, h))))))))
                    f := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                d := shr(23, d)
                h := shr(13, h)
                { // round 63
                    let a12 := shr(20, b)
                    let ss1 := shr(25, mul(DOUBLE, and(LOW, add(0x3d43cec5, add(f, a12)))))
                    a := mul(DOUBLE, and(LOW, add(mload(0x500), add(a, add(xor(ss1, a12), xor(c, and(xor(d, c), xor(c, b))))))))
                    a12 := mul(TRIPLE, and(LOW, add(mload(0x2c0), add(e, add(ss1, xor(h, and(f, xor(h, g))))))))
                    e := xor(a12, xor(shr(23, a12), shr(15, a12)))
                }
                c := shr(23, c)
                g := shr(13, g)
                a := or(or(shl(224, a), shl(192, and(b, LOW))), or(shl(160, and(c, LOW)), shl(128, and(d, LOW))))
                e := or(or(shl(96, and(e, LOW)), shl(64, and(f, LOW))), or(shl(32, and(g, LOW)), and(h, LOW)))
                mstore(0xc0, xor(mload(0xc0), or(a, e)))
            }
            digest := mload(0xc0)
        }
    }
}
