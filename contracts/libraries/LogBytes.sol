// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The bytes that a log signs, and the word that the chain keeps of an anchor
/// @dev Every integer is big-endian; every signed message begins with its own label (docs/formats.md §1).
library LogBytes {
    bytes16 private constant CHECKPOINT = "veritrail-cp-v1\n";
    bytes16 private constant PROMISE = "veritrail-pr-v1\n";

    /// @dev The largest integer that every reader can hold.
    uint64 internal constant MAX_INTEGER = 2 ** 53 - 1;
    /// @dev SM3 of nothing: the root of the empty tree.
    bytes32 internal constant EMPTY_ROOT = 0x1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b;

    /// @dev The 128 bytes of docs/formats.md §6.
    function checkpoint(
        bytes32 logId,
        uint64 size,
        uint64 time,
        bytes32 root,
        bytes32 mapRoot
    ) internal pure returns (bytes memory) {
        return abi.encodePacked(CHECKPOINT, logId, size, time, root, mapRoot);
    }

    /// @dev The 128 bytes of docs/formats.md §8.
    function promised(
        bytes32 logId,
        bytes32 slot,
        bytes32 leafHash,
        uint64 issuedAt,
        uint64 deadline
    ) internal pure returns (bytes memory) {
        return abi.encodePacked(PROMISE, logId, slot, leafHash, issuedAt, deadline);
    }

    /// @dev What storage keeps of an anchor.
    function word(
        uint64 size,
        uint64 time,
        bytes32 root,
        bytes32 mapRoot,
        uint64 blockTime
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(size, time, root, mapRoot, blockTime));
    }
}
