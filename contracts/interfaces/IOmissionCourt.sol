// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICheckpointAnchor} from "./ICheckpointAnchor.sol";

/// @title The court of omissions
/// @notice A member shows from anchored and signed bytes that a log broke its word: an entry that its map hides, a promise that
/// it did not keep, a map that was rolled back, two trees. The log is then disputed from the first anchor on whose size is not
/// below the smallest in the charge; readers stand on nothing beyond. It stays writable: revocations go on. A charge that does
/// not hold changes nothing. All times are UTC milliseconds.
interface IOmissionCourt {
    /// @notice A checkpoint, either anchored (`signature` empty: `sequence` and `blockTime` complete the word that the anchor
    /// contract keeps) or signed by a key of the log that was valid at its time (`sequence` and `blockTime` zero).
    struct Checkpoint {
        uint64 size;
        uint64 time;
        bytes32 root;
        bytes32 mapRoot;
        uint64 sequence;
        uint64 blockTime;
        bytes32 keyId;
        bytes signature;
    }

    /// @notice A promise (docs/formats.md §8).
    struct Promise {
        bytes32 slot;
        bytes32 leafHash;
        uint64 issuedAt;
        uint64 deadline;
        bytes32 keyId;
        bytes signature;
    }

    /// @notice Where the dispute starts: an anchor whose size is not below the smallest in the charge, and its predecessor, whose
    /// size is. Where no anchor is that large yet, `sequence` is the next one's and `first` is left empty; with `sequence` 0
    /// `previous` is left empty.
    struct Start {
        uint64 sequence;
        Preimage first;
        Preimage previous;
    }

    /// @notice What the anchor contract's word is made of.
    struct Preimage {
        uint64 size;
        uint64 time;
        bytes32 root;
        bytes32 mapRoot;
        uint64 blockTime;
    }

    /// @param fromSequence The first disputed anchor. It may lie in the future.
    /// @param fromSize Checkpoints from this size on are disputed.
    struct Dispute {
        bytes32 chargeDigest;
        uint64 fromSequence;
        uint64 fromSize;
        uint64 openedAt;
    }

    /// @param charge 1 unmapped, 2 broken promise, 3 map rolled back, 4 fork, 5 split view.
    /// @param takesEffect False: it rests on bytes signed with a key that is declared compromised, or suspended in this block, and
    /// waits for a quorum.
    event Charged(
        bytes32 indexed logId,
        bytes32 indexed chargeDigest,
        uint8 charge,
        address charger,
        bool takesEffect,
        uint64 fromSequence,
        uint64 fromSize
    );
    /// @notice The log is disputed from there on: the first charge, or one that reaches further back.
    event Disputed(bytes32 indexed logId, bytes32 indexed chargeDigest, uint8 charge, uint64 fromSequence, uint64 fromSize);
    /// @notice A quorum lets take effect what waited for it.
    event Confirmed(bytes32 indexed logId, bytes32 indexed chargeDigest);
    /// @param chargeDigest The one that the dispute stood on; zero if all were waiting.
    event Cleared(bytes32 indexed logId, bytes32 indexed chargeDigest, string reason);

    error NotMember(address account);
    error NotConsortium(address sender);
    /// @notice What was handed in does not show what it is said to show.
    error FalseCharge(uint8 charge);
    error UnknownAnchor(bytes32 logId, uint64 sequence);
    error BadSignature(bytes32 keyId);
    error WrongKey(bytes32 keyId, uint64 time);
    error BadPromise(uint64 issuedAt, uint64 deadline);
    error WrongStart(bytes32 logId, uint64 sequence);
    error BadNumber(uint256 value);
    /// @notice No checkpoint: a log is empty in size, tree and map, or in none.
    error BadCheckpoint(uint64 size, bytes32 root, bytes32 mapRoot);
    /// @notice Brought before, no further back and no firmer than now; or examined and cleared by a quorum.
    error KnownCharge(bytes32 chargeDigest);
    error UnknownCharge(bytes32 chargeDigest);
    error NotDisputed(bytes32 logId);
    error BadReason(uint256 length);

    // Members

    /// @notice O1: an entry is in the tree, and the map has its slot empty or with another leaf hash.
    function chargeUnmapped(
        bytes32 logId,
        Start calldata start,
        Checkpoint calldata checkpoint,
        bytes calldata entry,
        uint64 index,
        bytes32[] calldata inclusionProof,
        bytes calldata slotProof
    ) external;

    /// @notice O2: an anchored checkpoint from the deadline or later, or the last one of a log closed by its own authority, does
    /// not hold what was promised.
    function chargeBrokenPromise(
        bytes32 logId,
        Start calldata start,
        Promise calldata promised,
        Checkpoint calldata checkpoint,
        bytes calldata slotProof
    ) external;

    /// @notice O3: what a slot held is gone, or is another, in a checkpoint that is not smaller. (Of equal sizes it is a fork.)
    function chargeRolledBack(
        bytes32 logId,
        Start calldata start,
        Checkpoint calldata earlier,
        Checkpoint calldata later,
        bytes32 slot,
        bytes calldata earlierSlotProof,
        bytes calldata laterSlotProof
    ) external;

    /// @notice O4: one size, two roots or two map roots.
    function chargeFork(bytes32 logId, Start calldata start, Checkpoint calldata a, Checkpoint calldata b) external;

    /// @notice O5: a later checkpoint extends a tree that at the earlier one's size had another root.
    /// @param otherRoot That tree's root.
    /// @param consistencyProof From it to the later checkpoint.
    function chargeSplitView(
        bytes32 logId,
        Start calldata start,
        Checkpoint calldata earlier,
        Checkpoint calldata later,
        bytes32 otherRoot,
        bytes32[] calldata consistencyProof
    ) external;

    // The consortium

    /// @notice Lets a charge take effect that rests on a compromised key.
    function confirm(bytes32 chargeDigest) external;

    /// @notice Ends a log's dispute: every charge brought so far against it is answered, waiting ones too, and none of them can be
    /// brought again. What the log signs anew after that is a new lie, but for an entry that stays in its tree.
    /// @param reason 1 to 1024 bytes.
    function clear(bytes32 logId, string calldata reason) external;

    // Views

    function anchorContract() external view returns (ICheckpointAnchor);

    /// @notice All zero while the log is not disputed.
    function disputeOf(bytes32 logId) external view returns (Dispute memory);

    /// @notice keccak256 of log id, charge and what it is about: a fact has one charge, however it is shown. It may be brought
    /// again from a smaller size on, or without the bytes for which it waits. What it is about is keccak256 of
    /// O1 slot, leaf hash of the entry; O2 slot, leaf hash promised; O3 slot, leaf hash that it held;
    /// O4 size, the two roots, the lower first; of one root: size, root, the two map roots, the lower first;
    /// O5 as O4, with the number of O4: the earlier size, its root and the other. So is O3 between equal sizes.
    function isKnownCharge(bytes32 chargeDigest) external view returns (bool);
}
