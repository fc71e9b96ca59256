// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockTime} from "./BlockTime.sol";
import {Docket} from "./court/Docket.sol";
import {Testimony} from "./court/Testimony.sol";
import {LogId} from "./interfaces/IAuthorityRegistry.sol";
import {ICheckpointAnchor} from "./interfaces/ICheckpointAnchor.sol";
import {ILogProof} from "./interfaces/ILogProof.sol";
import {IOmissionCourt} from "./interfaces/IOmissionCourt.sol";
import {ISM2} from "./interfaces/ISM2.sol";

/// @title OmissionCourt
/// @notice See IOmissionCourt. Each charge is a contradiction in the log's own words, which no log that keeps to its rules can
/// be made to utter; only the broken promise is about time, and there silence convicts nobody: the log must have signed a
/// checkpoint from the deadline or later, or have closed itself.
contract OmissionCourt is Testimony {
    uint8 private constant UNMAPPED = 1;
    uint8 private constant BROKEN_PROMISE = 2;
    uint8 private constant ROLLED_BACK = 3;
    uint8 private constant FORK = 4;
    uint8 private constant SPLIT_VIEW = 5;

    uint256 private constant ENTRY_LENGTH = 74;
    bytes1 private constant ENTRY_VERSION = 0x01;
    uint256 private constant SLOT_OFFSET = 10;

    constructor(
        ICheckpointAnchor anchor,
        ISM2 sm2,
        ILogProof logProof
    ) BlockTime(anchor.registry().msPerUnit()) Docket(anchor.registry().consortium()) Testimony(anchor, sm2, logProof) {}

    // Members

    /// @inheritdoc IOmissionCourt
    function chargeUnmapped(
        bytes32 logId,
        Start calldata start,
        Checkpoint calldata checkpoint,
        bytes calldata entry,
        uint64 index,
        bytes32[] calldata inclusionProof,
        bytes calldata slotProof
    ) external onlyMember {
        bool isDoubted = _hear(logId, checkpoint);
        if (entry.length != ENTRY_LENGTH || entry[0] != ENTRY_VERSION) revert FalseCharge(UNMAPPED);
        bytes32 leafHash = LOG_PROOF.leafHashOf(entry);
        bytes32 slot = bytes32(entry[SLOT_OFFSET:SLOT_OFFSET + 32]);
        bool isIncluded = LOG_PROOF.isIncluded(leafHash, index, checkpoint.size, checkpoint.root, inclusionProof);
        if (!isIncluded || !_lacks(checkpoint.mapRoot, slot, leafHash, slotProof)) revert FalseCharge(UNMAPPED);

        // It stays in the tree: every later checkpoint shows the same, so that there is no saying it anew.
        bytes32 fact = keccak256(abi.encode(slot, leafHash));
        _charge(logId, start, Finding(UNMAPPED, UNMAPPED, fact, checkpoint.size, 0, isDoubted));
    }

    /// @inheritdoc IOmissionCourt
    function chargeBrokenPromise(
        bytes32 logId,
        Start calldata start,
        Promise calldata promised,
        Checkpoint calldata checkpoint,
        bytes calldata slotProof
    ) external onlyMember {
        bool isDoubted = _hear(logId, promised);
        _hear(logId, checkpoint);
        bool isDue = _isAnchored(checkpoint) && (checkpoint.time >= promised.deadline || _isLastWord(logId, checkpoint));
        if (!isDue || !_lacks(checkpoint.mapRoot, promised.slot, promised.leafHash, slotProof)) {
            revert FalseCharge(BROKEN_PROMISE);
        }

        bytes32 fact = keccak256(abi.encode(promised.slot, promised.leafHash));
        _charge(
            logId,
            start,
            Finding(BROKEN_PROMISE, BROKEN_PROMISE, fact, checkpoint.size, promised.issuedAt, isDoubted)
        );
    }

    /// @inheritdoc IOmissionCourt
    function chargeRolledBack(
        bytes32 logId,
        Start calldata start,
        Checkpoint calldata earlier,
        Checkpoint calldata later,
        bytes32 slot,
        bytes calldata earlierSlotProof,
        bytes calldata laterSlotProof
    ) external onlyMember {
        bool isDoubted = _hearBoth(logId, earlier, later);
        (ILogProof.SlotOutcome outcome, bytes32 leafHash) = LOG_PROOF.findSlot(earlier.mapRoot, slot, earlierSlotProof);
        bool isPresent = outcome == ILogProof.SlotOutcome.Present && earlier.size <= later.size;
        if (!isPresent || !_lacks(later.mapRoot, slot, leafHash, laterSlotProof)) revert FalseCharge(ROLLED_BACK);

        bool isFork = earlier.size == later.size;
        bytes32 fact = isFork ? _forkFact(earlier, later) : keccak256(abi.encode(slot, leafHash));
        uint8 about = isFork ? FORK : ROLLED_BACK;
        _charge(logId, start, Finding(ROLLED_BACK, about, fact, earlier.size, _older(earlier, later), isDoubted));
    }

    /// @inheritdoc IOmissionCourt
    function chargeFork(
        bytes32 logId,
        Start calldata start,
        Checkpoint calldata a,
        Checkpoint calldata b
    ) external onlyMember {
        bool isDoubted = _hearBoth(logId, a, b);
        bool differ = a.root != b.root || a.mapRoot != b.mapRoot;
        if (a.size != b.size || !differ) revert FalseCharge(FORK);

        _charge(logId, start, Finding(FORK, FORK, _forkFact(a, b), a.size, _older(a, b), isDoubted));
    }

    /// @inheritdoc IOmissionCourt
    function chargeSplitView(
        bytes32 logId,
        Start calldata start,
        Checkpoint calldata earlier,
        Checkpoint calldata later,
        bytes32 otherRoot,
        bytes32[] calldata consistencyProof
    ) external onlyMember {
        bool isDoubted = _hearBoth(logId, earlier, later);
        if (
            otherRoot == earlier.root ||
            !LOG_PROOF.isConsistent(earlier.size, otherRoot, later.size, later.root, consistencyProof)
        ) revert FalseCharge(SPLIT_VIEW);

        // Two trees of one size: the same fact as a fork, whether the log signed the other one or went on from it.
        bytes32 fact = _twoTrees(earlier.size, earlier.root, otherRoot);
        _charge(logId, start, Finding(SPLIT_VIEW, FORK, fact, earlier.size, _older(earlier, later), isDoubted));
    }

    // Views

    /// @inheritdoc IOmissionCourt
    function anchorContract() external view returns (ICheckpointAnchor) {
        return ANCHOR;
    }

    // Internals

    function _charge(bytes32 logId, Start calldata start, Finding memory finding) private {
        _requireStart(logId, start, finding.fromSize);
        _enter(logId, start.sequence, finding);
    }

    function _hearBoth(
        bytes32 logId,
        Checkpoint calldata a,
        Checkpoint calldata b
    ) private view returns (bool isDoubted) {
        bool isFirstDoubted = _hear(logId, a);
        bool isSecondDoubted = _hear(logId, b);
        return isFirstDoubted || isSecondDoubted;
    }

    /// @dev Proven: the map has nothing at the slot, or another leaf hash.
    function _lacks(
        bytes32 mapRoot,
        bytes32 slot,
        bytes32 leafHash,
        bytes calldata slotProof
    ) private view returns (bool) {
        (ILogProof.SlotOutcome outcome, bytes32 found) = LOG_PROOF.findSlot(mapRoot, slot, slotProof);
        if (outcome == ILogProof.SlotOutcome.Unproven) return false;
        return outcome == ILogProof.SlotOutcome.Absent || found != leafHash;
    }

    /// @dev The last anchor of a log that its own authority closed: it then stands by what is not in there.
    function _isLastWord(bytes32 logId, Checkpoint calldata anchored) private view returns (bool) {
        if (!REGISTRY.logOf(LogId.wrap(logId)).closedByOwner) return false;
        return anchored.sequence + 1 == ANCHOR.headOf(logId).count;
    }

    /// @dev Of one size: two trees, or two maps of one tree. The lower root first, so that no order is a fact of its own.
    function _forkFact(Checkpoint calldata a, Checkpoint calldata b) private pure returns (bytes32) {
        if (a.root != b.root) return _twoTrees(a.size, a.root, b.root);
        (bytes32 low, bytes32 high) = a.mapRoot < b.mapRoot ? (a.mapRoot, b.mapRoot) : (b.mapRoot, a.mapRoot);
        return keccak256(abi.encode(a.size, a.root, low, high));
    }

    function _twoTrees(uint64 size, bytes32 root, bytes32 otherRoot) private pure returns (bytes32) {
        (bytes32 low, bytes32 high) = root < otherRoot ? (root, otherRoot) : (otherRoot, root);
        return keccak256(abi.encode(size, low, high));
    }

    /// @dev When the log said the older of two: it said both anew only if that one is new as well.
    function _older(Checkpoint calldata a, Checkpoint calldata b) private pure returns (uint64) {
        return a.time < b.time ? a.time : b.time;
    }
}
