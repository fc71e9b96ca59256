// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title SM2 signatures (GB/T 32918.2-2016) over SM3, on the curve of GB/T 32918.5-2017
/// @notice Holds nothing. A public key is a point (x, y): the 65 bytes 04 ‖ x ‖ y without the first. The digest e is always
/// computed here, from Z and the message: for any key anyone can make an e and a pair (r, s) that fit.
interface ISM2 {
    /// @notice Whether `signature` is that key's signature of `message`, with the user id 1234567812345678. False, never a
    /// revert, for whatever is not: another length than 64, r or s out of range, a key out of range or off the curve.
    /// @param signature r ‖ s, 32 bytes each.
    function isSignature(
        uint256 x,
        uint256 y,
        bytes calldata message,
        bytes calldata signature
    ) external view returns (bool);

    /// @notice Whether (x, y) is a public key: both in range, on the curve. (Infinity has no such form, and every other point
    /// has the full order.)
    function isOnCurve(uint256 x, uint256 y) external pure returns (bool);

    /// @notice The key id H(⟨ki⟩ ‖ 04 ‖ x ‖ y) of docs/formats.md §1, whether or not (x, y) is a public key.
    function keyIdOf(uint256 x, uint256 y) external view returns (bytes32);
}
