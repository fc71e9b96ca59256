// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISM2} from "./interfaces/ISM2.sol";
import {ISM3} from "./interfaces/ISM3.sol";

/// @title SM2
/// @notice See ISM2. One way for every key: nothing about a key is kept.
/// @dev In sums a point is (X, Y, ZZ, ZZZ) for the affine (X/ZZ, Y/ZZZ), with ZZ³ = ZZZ²: additions then need no division.
/// Infinity is (0, 0, 0, 0), coordinates lie below P. Formulas are dbl-2008-s-1 and madd-2008-s of the Explicit-Formulas
/// Database (shortw/xyzz). Who chooses a signature also chooses the partial sums: equal, opposite and infinite points come up
/// wherever somebody wants them, and each is added rightly.
contract SM2 is ISM2 {
    /// @dev GB/T 32918.5 §2: the field, the order of the group, b, and the generator with its y negated. a is P - 3.
    uint256 private constant P = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff;
    uint256 private constant N = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123;
    uint256 private constant B = 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93;
    uint256 private constant GX = 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7;
    uint256 private constant MINUS_GY = 0x43c8c95c0b098863a642311c9496deac2f56788239d5b8c0fd20cd1adec60f5f;
    /// @dev Twice and three times the generator.
    uint256 private constant G2X = 0x56cefd60d7c87c000d58ef57fa73ba4d9c0dfa08c08a7331495c2e1da3f2bd52;
    uint256 private constant MINUS_G2Y = 0xce481818337e760997aca31f07150e429217b3e6d093718f9087f2c568f5dc3c;
    uint256 private constant G3X = 0xa97f7cd4b3c993b4be2daa8cdb41e24ca13f6bd945302244e26918f1d0509ebf;
    uint256 private constant MINUS_G3Y = 0xacf4a2267397710a333a313f758deaf083bff11932fbad6e555322fc8ba70919;

    /// @dev Z begins alike for every key: ENTL ‖ id ‖ a ‖ b ‖ xG ‖ yG (GB/T 32918.2 §5.5), 146 bytes. This is what SM3's
    /// compression makes of the first 128 of them.
    bytes32 private constant Z_STATE = 0xadadedb50446043f08a87acee86d22438e232383bfc81fe2cf9117c84707011d;
    uint64 private constant Z_STATE_LENGTH = 128;
    /// @dev The 18 that follow, the end of yG.
    bytes18 private constant Z_MIDDLE = 0x2153d0a9877cc62a474002df32e52139f0a0;

    ISM3 private immutable _SM3;

    constructor(ISM3 sm3) {
        _SM3 = sm3;
    }

    /// @inheritdoc ISM2
    function isSignature(
        uint256 x,
        uint256 y,
        bytes calldata message,
        bytes calldata signature
    ) external view returns (bool) {
        if (signature.length != 64 || !_isOnCurve(x, y)) return false;
        // GB/T 32918.2 §7.1: B1 and B2, the range; B5, t; B3 and B4, the digest; B6, the sum; B7, the comparison.
        uint256 r = uint256(bytes32(signature));
        uint256 s = uint256(bytes32(signature[32:]));
        if (r == 0 || r >= N || s == 0 || s >= N) return false;
        uint256 t = addmod(r, s, N);
        if (t == 0) return false;
        uint256 e = uint256(_digestOf(x, y, message));
        (uint256 sumX, uint256 sumZZ) = _sumOfMultiples(s, t, x, y);
        return sumZZ != 0 && _hasXModuloN(sumX, sumZZ, addmod(r, N - (e % N), N));
    }

    /// @inheritdoc ISM2
    function isOnCurve(uint256 x, uint256 y) external pure returns (bool) {
        return _isOnCurve(x, y);
    }

    /// @inheritdoc ISM2
    function keyIdOf(uint256 x, uint256 y) external view returns (bytes32) {
        return _SM3.hash(abi.encodePacked("veritrail-ki-v1\n", bytes1(0x04), x, y));
    }

    function _isOnCurve(uint256 x, uint256 y) private pure returns (bool) {
        return x < P && y < P && mulmod(y, y, P) == addmod(mulmod(addmod(mulmod(x, x, P), P - 3, P), x, P), B, P);
    }

    /// @dev e = SM3(Z ‖ message), GB/T 32918.2 §5.5 and §7.1.
    function _digestOf(uint256 x, uint256 y, bytes calldata message) private view returns (bytes32) {
        bytes32 z = _SM3.hashAfter(Z_STATE, Z_STATE_LENGTH, abi.encodePacked(Z_MIDDLE, x, y));
        return _SM3.hash(abi.encodePacked(z, message));
    }

    /// @dev Whether X/ZZ is `residue` modulo N. Two values below P may have that residue; v is X/ZZ exactly if v·ZZ is X.
    function _hasXModuloN(uint256 X, uint256 ZZ, uint256 residue) private pure returns (bool) {
        return mulmod(residue, ZZ, P) == X || (residue < P - N && mulmod(residue + N, ZZ, P) == X);
    }

    /// @dev X and ZZ of s·G + t·(qx, qy), G being the generator and Q = (qx, qy). Both scalars are read two bits at a time from
    /// the top; for each such pair the sum is doubled twice and one of 16 points i·G + j·Q is added.
    ///
    /// Where an affine point is to be added its y stands negated, which saves the addition a subtraction. The table has such
    /// points, i·G + j·Q at 64·(4j + i). No point has y = 0, the order being odd: a zero there stands for infinity.
    function _sumOfMultiples(
        uint256 s,
        uint256 t,
        uint256 qx,
        uint256 qy
    ) private view returns (uint256 sumX, uint256 sumZZ) {
        assembly ("memory-safe") {
            function store(X, Y, ZZ, ZZZ, to) {
                mstore(to, X)
                mstore(add(to, 0x20), Y)
                mstore(add(to, 0x40), ZZ)
                mstore(add(to, 0x60), ZZZ)
            }

            // Twice the point in memory at `at`, in its place. dbl-2008-s-1, S and M with the opposite sign.
            function doublePoint(at) {
                let X := mload(at)
                let Y := mload(add(at, 0x20))
                let ZZ := mload(add(at, 0x40))
                let U := addmod(Y, Y, P)
                let V := mulmod(U, U, P)
                let W := mulmod(U, V, P)
                let minusS := sub(P, mulmod(X, V, P))
                // 3·X² + a·ZZ², where a = -3.
                let minusM := mulmod(3, mulmod(addmod(ZZ, X, P), addmod(ZZ, sub(P, X), P), P), P)
                X := addmod(minusS, addmod(minusS, mulmod(minusM, minusM, P), P), P)
                Y := addmod(mulmod(addmod(minusS, X, P), minusM, P), sub(P, mulmod(W, Y, P)), P)
                store(X, Y, mulmod(V, ZZ, P), mulmod(W, mload(add(at, 0x60)), P), at)
            }

            // At `to` the sum of the point at `from` and the affine (x, y), whatever the first of them is.
            function addPoint(from, x, minusY, to) {
                let X := mload(from)
                let Y := mload(add(from, 0x20))
                let ZZ := mload(add(from, 0x40))
                let ZZZ := mload(add(from, 0x60))
                // madd-2008-s: H for its P, R and Q with the opposite sign. Infinity has X = ZZ = 0 and so always comes to H = 0.
                let H := addmod(sub(P, X), mulmod(x, ZZ, P), P)
                let minusR := addmod(mulmod(minusY, ZZZ, P), Y, P)
                if iszero(H) {
                    // The formula does not hold: the first is infinity, or both have one x, being equal or opposite.
                    if iszero(ZZ) {
                        store(x, sub(P, minusY), 1, 1, to)
                        leave
                    }
                    if minusR {
                        store(0, 0, 0, 0, to)
                        leave
                    }
                    store(X, Y, ZZ, ZZZ, to)
                    doublePoint(to)
                    leave
                }
                let HH := mulmod(H, H, P)
                let minusQ := mulmod(HH, sub(P, X), P)
                mstore(add(to, 0x40), mulmod(HH, ZZ, P))
                H := mulmod(HH, H, P)
                mstore(add(to, 0x60), mulmod(H, ZZZ, P))
                // From here on H is minus its own cube.
                H := sub(P, H)
                X := addmod(minusQ, addmod(minusQ, addmod(H, mulmod(minusR, minusR, P), P), P), P)
                mstore(to, X)
                mstore(add(to, 0x20), addmod(mulmod(addmod(minusQ, X, P), minusR, P), mulmod(H, Y, P), P))
            }

            // 1/value modulo P as value^(P - 2) (Fermat), by the precompiled contract of EIP-198, whose arguments are three lengths
            // and three numbers. Checked, because a call to where nothing is also succeeds: a chain without it verifies nothing.
            function inverse(value, scratch) -> result {
                mstore(scratch, 0x20)
                mstore(add(scratch, 0x20), 0x20)
                mstore(add(scratch, 0x40), 0x20)
                mstore(add(scratch, 0x60), value)
                mstore(add(scratch, 0x80), sub(P, 2))
                mstore(add(scratch, 0xa0), P)
                if iszero(staticcall(gas(), 5, scratch, 0xc0, scratch, 0x20)) { revert(0, 0) }
                result := mload(scratch)
                if iszero(eq(mulmod(value, result, P), 1)) { revert(0, 0) }
            }

            // `points` is room for 16, of which those with j > 0 are used. Nothing is read that was not written: what the memory
            // held before is whoever's message was hashed.
            function makeTable(table, points, x, y) {
                // Without Q there is nothing to compute: infinity, G, 2·G and 3·G.
                mstore(add(table, 0x20), 0)
                store(GX, MINUS_GY, G2X, MINUS_G2Y, add(table, 0x40))
                mstore(add(table, 0xc0), G3X)
                mstore(add(table, 0xe0), MINUS_G3Y)
                // Each has G more than the one before, or Q more than the one four before. All are made affine by one inversion
                // (Montgomery's trick): until then the product of the ZZZ before it stands in a point's entry.
                store(x, y, 1, 1, add(points, 0x200))
                mstore(add(table, 0x100), 1)
                let product := 1
                for { let k := 5 } lt(k, 16) { k := add(k, 1) } {
                    let at := add(points, shl(7, k))
                    switch and(k, 3)
                    case 0 { addPoint(sub(at, 0x200), x, sub(P, y), at) }
                    default { addPoint(sub(at, 0x80), GX, MINUS_GY, at) }
                    mstore(add(table, shl(6, k)), product)
                    let ZZZ := mload(add(at, 0x60))
                    if ZZZ { product := mulmod(product, ZZZ, P) }
                }
                product := inverse(product, points)
                for { let k := 15 } gt(k, 3) { k := sub(k, 1) } {
                    let entry := add(table, shl(6, k))
                    let at := add(points, shl(7, k))
                    let ZZZ := mload(add(at, 0x60))
                    switch ZZZ
                    case 0 { mstore(add(entry, 0x20), 0) }
                    default {
                        let inverseZZZ := mulmod(product, mload(entry), P)
                        // ZZ/ZZZ is 1/Z, the square of that 1/ZZ.
                        let inverseZ := mulmod(mload(add(at, 0x40)), inverseZZZ, P)
                        product := mulmod(product, ZZZ, P)
                        mstore(entry, mulmod(mload(at), mulmod(inverseZ, inverseZ, P), P))
                        mstore(add(entry, 0x20), sub(P, mulmod(mload(add(at, 0x20)), inverseZZZ, P)))
                    }
                }
            }

            // The same two formulas, on the stack and in line: nearly all of the gas is spent here. `spare` is room for a point.
            function sumUp(table, spare, u, v) -> X, ZZ {
                let Y := 0
                let ZZZ := 0
                for { let bit := 256 } bit { } {
                    bit := sub(bit, 2)
                    // dbl-2008-s-1. V negated saves a subtraction and turns the signs of ZZ and ZZZ. Doubling only uses the
                    // square of ZZ, and the second time turns them back. Infinity stays what it is, all zeros.
                    {
                        let U := addmod(Y, Y, P)
                        let minusV := mulmod(sub(P, U), U, P)
                        let minusS := mulmod(minusV, X, P)
                        let minusM := mulmod(3, mulmod(addmod(ZZ, X, P), addmod(sub(P, X), ZZ, P), P), P)
                        X := addmod(minusS, addmod(minusS, mulmod(minusM, minusM, P), P), P)
                        U := mulmod(minusV, U, P)
                        Y := addmod(mulmod(addmod(minusS, X, P), minusM, P), mulmod(U, Y, P), P)
                        ZZ := mulmod(minusV, ZZ, P)
                        ZZZ := mulmod(U, ZZZ, P)
                    }
                    {
                        let U := addmod(Y, Y, P)
                        let minusV := mulmod(sub(P, U), U, P)
                        let minusS := mulmod(minusV, X, P)
                        let minusM := mulmod(3, mulmod(addmod(ZZ, X, P), addmod(sub(P, X), ZZ, P), P), P)
                        X := addmod(minusS, addmod(minusS, mulmod(minusM, minusM, P), P), P)
                        U := mulmod(minusV, U, P)
                        Y := addmod(mulmod(addmod(minusS, X, P), minusM, P), mulmod(U, Y, P), P)
                        ZZ := mulmod(minusV, ZZ, P)
                        ZZZ := mulmod(U, ZZZ, P)
                    }
                    // 256 times v's two bits and 64 times those of u.
                    let entry := add(or(and(shl(8, shr(bit, v)), 0x300), and(shl(6, shr(bit, u)), 0xc0)), table)
                    let minusY := mload(add(entry, 0x20))
                    if iszero(minusY) { continue }
                    let minusQ := sub(P, X)
                    let H := addmod(minusQ, mulmod(mload(entry), ZZ, P), P)
                    if iszero(H) {
                        // Rare unless it is wanted, so it may cost more.
                        store(X, Y, ZZ, ZZZ, spare)
                        addPoint(spare, mload(entry), minusY, spare)
                        X := mload(spare)
                        Y := mload(add(spare, 0x20))
                        ZZ := mload(add(spare, 0x40))
                        ZZZ := mload(add(spare, 0x60))
                        continue
                    }
                    // madd-2008-s, as in addPoint.
                    let minusR := addmod(mulmod(minusY, ZZZ, P), Y, P)
                    let HH := mulmod(H, H, P)
                    minusQ := mulmod(HH, minusQ, P)
                    ZZ := mulmod(HH, ZZ, P)
                    H := mulmod(HH, H, P)
                    ZZZ := mulmod(H, ZZZ, P)
                    H := sub(P, H)
                    X := addmod(minusQ, addmod(minusQ, addmod(H, mulmod(minusR, minusR, P), P), P), P)
                    Y := addmod(mulmod(addmod(minusQ, X, P), minusR, P), mulmod(H, Y, P), P)
                }
            }

            // Both lie above what is allocated, 3 KiB, and are left there: nothing is allocated before they have served.
            let table := mload(0x40)
            let points := add(table, 0x400)
            makeTable(table, points, qx, qy)
            sumX, sumZZ := sumUp(table, points, s, t)
        }
    }
}
