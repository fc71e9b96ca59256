// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title SM3, the hash function of GB/T 32905-2016 (ISO/IEC 10118-3:2018, hash function 17)
/// @notice Holds nothing and refuses no message.
interface ISM3 {
    /// @notice A prefix that does not end where a block ends, or that no message could have.
    error BadPrefixLength(uint64 prefixLength);

    /// @notice The digest of `message`.
    function hash(bytes calldata message) external pure returns (bytes32);

    /// @notice The digest of a message of which only the end is given, for messages that begin alike.
    /// @param state What compression (§5.3.3) made of the beginning: A to H, 32 bits each.
    /// @param prefixLength Bytes in the beginning: whole blocks of 64, at most 2^60.
    /// @param rest What follows.
    function hashAfter(bytes32 state, uint64 prefixLength, bytes calldata rest) external pure returns (bytes32);
}
