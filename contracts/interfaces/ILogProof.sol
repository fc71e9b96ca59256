// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Proofs about logs, over SM3: RFC 9162 trees and maps of slots (docs/formats.md §4 and §5)
/// @notice Holds nothing. A proof that proves nothing is an answer, never a revert. Sizes and indexes above 2^53-1 are refused,
/// as every reader refuses them.
interface ILogProof {
    /// @notice What a slot proof shows: nothing, that the slot is free, or the leaf hash in it.
    enum SlotOutcome {
        Unproven,
        Absent,
        Present
    }

    /// @notice Not the 74 bytes of an entry.
    error BadEntryLength(uint256 length);

    /// @notice Whether the tree of `size` entries with this root has the leaf hash at `index` (RFC 9162 §2.1.3.2).
    /// @param proof Node hashes from the bottom up, as many as index and size demand.
    function isIncluded(
        bytes32 leafHash,
        uint64 index,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (bool);

    /// @notice Whether the tree of `size2` entries begins with those of the tree of `size1` (RFC 9162 §2.1.4.2). Between equal
    /// sizes the proof is empty and the roots are equal. From size 0, which the RFC leaves out, the proof is empty and `root1` is
    /// the empty root.
    /// @param proof Node hashes from the bottom up, as many as the sizes demand.
    function isConsistent(
        uint64 size1,
        bytes32 root1,
        uint64 size2,
        bytes32 root2,
        bytes32[] calldata proof
    ) external view returns (bool);

    /// @notice What the map with this root holds at `slot`.
    /// @param slotProof The bytes of docs/formats.md §5. Unproven for any others, and for those that lead to another root.
    /// @return outcome Present, Absent or Unproven.
    /// @return leafHash Zero unless present.
    function findSlot(
        bytes32 mapRoot,
        bytes32 slot,
        bytes calldata slotProof
    ) external view returns (SlotOutcome outcome, bytes32 leafHash);

    /// @notice H(0x00 ‖ entry), for an entry of 74 bytes.
    function leafHashOf(bytes calldata entry) external view returns (bytes32);
}
