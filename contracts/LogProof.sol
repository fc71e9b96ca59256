// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILogProof} from "./interfaces/ILogProof.sol";
import {ISM3} from "./interfaces/ISM3.sol";
import {Shape} from "./libraries/Shape.sol";

/// @title LogProof
/// @notice See ILogProof.
contract LogProof is ILogProof {
    /// @dev A place on the way up: a node's number at its level, and that of the level's last node. The same walk serves both
    /// proofs of a tree (fn and sn of RFC 9162 §2.1.3.2 and §2.1.4.2).
    struct Climb {
        uint64 node;
        uint64 last;
    }

    /// @dev What is hashed begins with one of these, so that none stands for another (docs/formats.md §4 and §5).
    bytes1 private constant LEAF = 0x00;
    bytes1 private constant NODE = 0x01;
    bytes1 private constant MAP_LEAF = 0x02;
    bytes1 private constant MAP_NODE = 0x03;

    /// @dev H(""), the root of a log without entries.
    bytes32 private constant EMPTY_ROOT = 0x1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b;

    uint256 private constant ENTRY_LENGTH = 74;
    uint256 private constant SLOT_BITS = 256;
    bytes1 private constant END_EMPTY = 0x00;
    bytes1 private constant END_LEAF = 0x01;

    ISM3 private immutable _SM3;

    constructor(ISM3 sm3) {
        _SM3 = sm3;
    }

    /// @inheritdoc ILogProof
    function isIncluded(
        bytes32 leafHash,
        uint64 index,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (bool) {
        if (size > Shape.MAX_INTEGER || index >= size) return false;
        Climb memory climb = Climb(index, size - 1);
        bytes32 subtree = leafHash;
        for (uint256 i = 0; i < proof.length; i++) {
            if (climb.last == 0) return false;
            if (_isRightChild(climb)) {
                subtree = _hash(NODE, proof[i], subtree);
                _skipLevelsWithoutSibling(climb);
            } else {
                subtree = _hash(NODE, subtree, proof[i]);
            }
            _goUp(climb);
        }
        return climb.last == 0 && subtree == root;
    }

    /// @inheritdoc ILogProof
    function isConsistent(
        uint64 size1,
        bytes32 root1,
        uint64 size2,
        bytes32 root2,
        bytes32[] calldata proof
    ) external view returns (bool) {
        if (size2 > Shape.MAX_INTEGER || size1 > size2) return false;
        if (size1 == 0 || size1 == size2) {
            return proof.length == 0 && (size1 > 0 || root1 == EMPTY_ROOT) && (size1 < size2 || root1 == root2);
        }
        return _hasGrown(size1, root1, size2, root2, proof);
    }

    /// @inheritdoc ILogProof
    function findSlot(
        bytes32 mapRoot,
        bytes32 slot,
        bytes calldata slotProof
    ) external view returns (SlotOutcome outcome, bytes32 leafHash) {
        // u16 d ‖ d siblings from the root down ‖ end: 00, or 01 ‖ slot ‖ leaf hash. Lengths first: all else is read by them.
        if (slotProof.length < 3) return (SlotOutcome.Unproven, 0);
        uint256 depth = uint16(bytes2(slotProof));
        uint256 endAt = 2 + 32 * depth;
        bool isEmpty = slotProof.length == endAt + 1 && slotProof[endAt] == END_EMPTY;
        bool isLeaf = slotProof.length == endAt + 65 && slotProof[endAt] == END_LEAF;
        if (depth > SLOT_BITS || !(isEmpty || isLeaf)) return (SlotOutcome.Unproven, 0);

        // An inner node has two leaves below it or more: above its end no map has an empty sibling.
        if (depth > 0 && bytes32(slotProof[endAt - 32:]) == 0) return (SlotOutcome.Unproven, 0);
        bytes32 subtree = 0;
        if (isLeaf) {
            bytes32 endSlot = bytes32(slotProof[endAt + 1:]);
            // An end elsewhere in the map says nothing about the asked slot.
            if (uint256(endSlot ^ slot) >> (SLOT_BITS - depth) != 0) return (SlotOutcome.Unproven, 0);
            bytes32 endLeafHash = bytes32(slotProof[endAt + 33:]);
            if (endSlot == slot) leafHash = endLeafHash;
            isEmpty = endSlot != slot;
            subtree = _hash(MAP_LEAF, endSlot, endLeafHash);
        }
        if (_mapRootOf(subtree, slot, depth, slotProof[2:endAt]) != mapRoot) return (SlotOutcome.Unproven, 0);
        return isEmpty ? (SlotOutcome.Absent, bytes32(0)) : (SlotOutcome.Present, leafHash);
    }

    /// @inheritdoc ILogProof
    function leafHashOf(bytes calldata entry) external view returns (bytes32) {
        if (entry.length != ENTRY_LENGTH) revert BadEntryLength(entry.length);
        return _SM3.hash(abi.encodePacked(LEAF, entry));
    }

    /// @dev RFC 9162 §2.1.4.2, for 0 < size1 < size2: both roots are rebuilt from the subtree that ends at size1.
    function _hasGrown(
        uint64 size1,
        bytes32 root1,
        uint64 size2,
        bytes32 root2,
        bytes32[] calldata proof
    ) private view returns (bool) {
        Climb memory climb = Climb(size1 - 1, size2 - 1);
        while (climb.node % 2 == 1) _goUp(climb);
        // An old tree that is complete (its size a power of two) is that subtree, and the proof leaves it out.
        uint256 used = climb.node == 0 ? 0 : 1;
        if (proof.length < used) return false;
        bytes32 oldRoot = used == 0 ? root1 : proof[0];
        bytes32 newRoot = oldRoot;
        for (uint256 i = used; i < proof.length; i++) {
            if (climb.last == 0) return false;
            if (_isRightChild(climb)) {
                // Until the new tree first has something to the right, both are one: a hash saved for each such level.
                bool isOne = newRoot == oldRoot;
                oldRoot = _hash(NODE, proof[i], oldRoot);
                newRoot = isOne ? oldRoot : _hash(NODE, proof[i], newRoot);
                _skipLevelsWithoutSibling(climb);
            } else {
                newRoot = _hash(NODE, newRoot, proof[i]);
            }
            _goUp(climb);
        }
        return climb.last == 0 && oldRoot == root1 && newRoot == root2;
    }

    /// @dev Joins `subtree`, at this depth on the way to `slot`, with the siblings from the last to the first.
    function _mapRootOf(
        bytes32 subtree,
        bytes32 slot,
        uint256 depth,
        bytes calldata siblings
    ) private view returns (bytes32) {
        for (uint256 i = depth; i > 0; i--) {
            bytes32 sibling = bytes32(siblings[32 * (i - 1):]);
            // The bits of a slot are read from the most significant on.
            bool isRight = (uint256(slot) >> (SLOT_BITS - i)) % 2 == 1;
            subtree = isRight ? _hash(MAP_NODE, sibling, subtree) : _hash(MAP_NODE, subtree, sibling);
        }
        return subtree;
    }

    /// @dev Whether the next element of a proof is the left sibling.
    function _isRightChild(Climb memory climb) private pure returns (bool) {
        return climb.node % 2 == 1 || climb.node == climb.last;
    }

    /// @dev A last node without a sibling rises to where it is a right child, or to the root.
    function _skipLevelsWithoutSibling(Climb memory climb) private pure {
        while (climb.node % 2 == 0 && climb.node != 0) _goUp(climb);
    }

    function _goUp(Climb memory climb) private pure {
        climb.node /= 2;
        climb.last /= 2;
    }

    function _hash(bytes1 prefix, bytes32 left, bytes32 right) private view returns (bytes32) {
        return _SM3.hash(abi.encodePacked(prefix, left, right));
    }
}
