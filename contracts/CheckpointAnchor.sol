// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockTime} from "./BlockTime.sol";
import {IAuthorityRegistry, KeyId, LogId, OPEN} from "./interfaces/IAuthorityRegistry.sol";
import {ICheckpointAnchor} from "./interfaces/ICheckpointAnchor.sol";
import {ILogProof} from "./interfaces/ILogProof.sol";
import {ISM2} from "./interfaces/ISM2.sol";
import {LogBytes} from "./libraries/LogBytes.sol";

/// @title CheckpointAnchor
/// @notice See ICheckpointAnchor. Nothing that an account says is believed: what is recorded was signed by a key of the log, and
/// its tree has grown out of the anchored one. That the map belongs to the tree, the court and whoever replays the log judge.
contract CheckpointAnchor is ICheckpointAnchor, BlockTime {
    uint8 private constant LOG_KEY = 2;
    uint256 private constant MAX_PROOF = 64;
    uint64 private constant MAX_AGE = 1 hours * 1000;
    uint64 private constant MAX_LEAD = 2 minutes * 1000;
    uint64 private constant SILENT_BEATS = 2;

    /// @inheritdoc ICheckpointAnchor
    IAuthorityRegistry public immutable registry;
    ISM2 private immutable _sm2;
    ILogProof private immutable _logProof;

    mapping(bytes32 logId => Head) private _heads;
    mapping(bytes32 logId => mapping(uint64 sequence => bytes32)) private _words;

    constructor(IAuthorityRegistry registry_, ISM2 sm2, ILogProof logProof) BlockTime(registry_.msPerUnit()) {
        registry = registry_;
        _sm2 = sm2;
        _logProof = logProof;
    }

    // Anyone who has what the log signed

    /// @inheritdoc ICheckpointAnchor
    function anchor(
        bytes32 logId,
        uint64 size,
        uint64 time,
        bytes32 root,
        bytes32 mapRoot,
        bytes32 keyId,
        bytes calldata signature,
        bytes32[] calldata proof
    ) external {
        _requireShape(size, time, root, mapRoot);
        uint64 blockTime = _blockTime();
        IAuthorityRegistry.Key memory key = _requireKey(logId, keyId, time, blockTime);
        Head memory head = _heads[logId];
        bool isFork = _isFork(logId, head, size, root, mapRoot);

        if (!isFork) {
            _requireTurn(logId, head, blockTime);
            // All that an honest log signed is anchored before its key is retired.
            if (time < blockTime && !registry.isValidAt(KeyId.wrap(keyId), blockTime)) revert RetiredKey(keyId, key.validTo);
            if (size < head.size) revert SizeShrinks(logId, head.size, size);
            if (time <= head.time) revert NotLater(logId, head.time, time);
            if (time + MAX_AGE < blockTime || time > blockTime + MAX_LEAD) revert TimeOutOfBounds(time, blockTime);
            _requireExtension(logId, head, size, root, proof);
        }
        bytes memory message = LogBytes.checkpoint(logId, size, time, root, mapRoot);
        if (!_sm2.isSignature(key.x, key.y, message, signature)) revert BadSignature(keyId);

        if (isFork) {
            emit Forked(logId, head.count - 1, size, time, root, mapRoot, keyId, signature, blockTime);
            return;
        }
        _heads[logId] = Head(head.count + 1, size, time, blockTime, root);
        _words[logId][head.count] = LogBytes.word(size, time, root, mapRoot, blockTime);
        emit Anchored(logId, head.count, size, time, root, mapRoot, keyId, signature, blockTime);
    }

    // Views

    /// @inheritdoc ICheckpointAnchor
    function headOf(bytes32 logId) external view returns (Head memory) {
        return _heads[logId];
    }

    /// @inheritdoc ICheckpointAnchor
    function wordAt(bytes32 logId, uint64 sequence) external view returns (bytes32) {
        return _words[logId][sequence];
    }

    // Internals

    /// @dev What no log may sign, no reader could read.
    function _requireShape(uint64 size, uint64 time, bytes32 root, bytes32 mapRoot) private pure {
        if (size > LogBytes.MAX_INTEGER) revert BadNumber(size);
        if (time > LogBytes.MAX_INTEGER) revert BadNumber(time);
        if ((size == 0) != (root == LogBytes.EMPTY_ROOT)) revert BadRoot(size, root);
        if ((size == 0) != (mapRoot == 0)) revert BadMapRoot(size, mapRoot);
    }

    /// @dev The key counted for this log at the checkpoint's time, and is not lost. An unknown log or key is the registry's
    /// refusal.
    function _requireKey(
        bytes32 logId,
        bytes32 keyId,
        uint64 time,
        uint64 blockTime
    ) private view returns (IAuthorityRegistry.Key memory key) {
        bytes18 owner = registry.ownerAt(LogId.wrap(logId), time);
        key = registry.keyOf(KeyId.wrap(keyId));
        if (key.keyType != LOG_KEY || key.code != owner) revert WrongKey(keyId);
        if (!registry.isValidAt(KeyId.wrap(keyId), time)) revert NotValidThen(keyId, time);
        if (key.compromisedSince != OPEN) revert CompromisedKey(keyId, key.compromisedSince);
        if (key.suspendedUntil > blockTime) revert SuspendedKey(keyId, key.suspendedUntil);
    }

    /// @dev Of the newest anchor's size, with another root or map root.
    function _isFork(
        bytes32 logId,
        Head memory head,
        uint64 size,
        bytes32 root,
        bytes32 mapRoot
    ) private view returns (bool) {
        if (head.count == 0 || size != head.size) return false;
        return _words[logId][head.count - 1] != LogBytes.word(size, head.time, root, mapRoot, head.blockTime);
    }

    /// @dev The log is open, and the sender anchors for its owner, or nobody has for two beats: what a log signed and does not
    /// anchor itself, others may.
    function _requireTurn(bytes32 logId, Head memory head, uint64 blockTime) private view {
        IAuthorityRegistry.Log memory log = registry.logOf(LogId.wrap(logId));
        if (log.closedAt != OPEN) revert ClosedLog(logId, log.closedAt);
        if (msg.sender == registry.accountOf(LogId.wrap(logId))) return;
        uint64 silentAt = (head.count > 0 ? head.blockTime : log.registeredAt) + SILENT_BEATS * log.beat;
        if (blockTime <= silentAt) revert NotLogAccount(logId, msg.sender, silentAt);
    }

    /// @dev RFC 9162 §2.1.4. The first anchor extends the empty tree.
    function _requireExtension(
        bytes32 logId,
        Head memory head,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof
    ) private view {
        if (proof.length > MAX_PROOF) revert ProofTooLong(proof.length);
        bytes32 have = head.count > 0 ? head.root : LogBytes.EMPTY_ROOT;
        if (!_logProof.isConsistent(head.size, have, size, root, proof)) revert NotExtending(logId, head.size, size);
    }
}
