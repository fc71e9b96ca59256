// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAuthorityRegistry, KeyId, LogId, OPEN} from "../interfaces/IAuthorityRegistry.sol";
import {ICheckpointAnchor} from "../interfaces/ICheckpointAnchor.sol";
import {ILogProof} from "../interfaces/ILogProof.sol";
import {ISM2} from "../interfaces/ISM2.sol";
import {LogBytes} from "../libraries/LogBytes.sol";
import {Docket} from "./Docket.sol";

/// @title What may be shown against a log
/// @notice Only its own words: checkpoints that the chain has recorded, checkpoints and promises that it signed with a key that
/// counted then. Whoever holds a lost key may have signed them as well, so such a key's words wait for the consortium.
abstract contract Testimony is Docket {
    uint8 private constant LOG_KEY = 2;

    ICheckpointAnchor internal immutable ANCHOR;
    IAuthorityRegistry internal immutable REGISTRY;
    ILogProof internal immutable LOG_PROOF;
    ISM2 private immutable _sm2;

    constructor(ICheckpointAnchor anchor, ISM2 sm2, ILogProof logProof) {
        ANCHOR = anchor;
        REGISTRY = anchor.registry();
        LOG_PROOF = logProof;
        _sm2 = sm2;
    }

    /// @dev A checkpoint of the log, anchored or signed.
    /// @return isDoubted Signed with a key in doubt.
    function _hear(bytes32 logId, Checkpoint calldata shown) internal view returns (bool isDoubted) {
        if (_isAnchored(shown)) {
            Preimage memory preimage = Preimage(shown.size, shown.time, shown.root, shown.mapRoot, shown.blockTime);
            _requireAnchor(logId, shown.sequence, preimage);
            return false;
        }
        if (shown.size > LogBytes.MAX_INTEGER) revert BadNumber(shown.size);
        if (shown.time > LogBytes.MAX_INTEGER) revert BadNumber(shown.time);
        bool isEmpty = shown.size == 0;
        if ((shown.root == LogBytes.EMPTY_ROOT) != isEmpty || (shown.mapRoot == 0) != isEmpty) {
            revert BadCheckpoint(shown.size, shown.root, shown.mapRoot);
        }
        bytes memory message = LogBytes.checkpoint(logId, shown.size, shown.time, shown.root, shown.mapRoot);
        return _requireSigned(logId, shown.keyId, shown.time, message, shown.signature);
    }

    /// @dev A promise of the log that promised anything: with a deadline within its span.
    function _hear(bytes32 logId, Promise calldata promised) internal view returns (bool isDoubted) {
        (uint64 issuedAt, uint64 deadline) = (promised.issuedAt, promised.deadline);
        if (deadline > LogBytes.MAX_INTEGER) revert BadNumber(deadline);
        uint64 span = REGISTRY.logOf(LogId.wrap(logId)).promiseSpan;
        if (deadline < issuedAt || deadline - issuedAt > span) revert BadPromise(issuedAt, deadline);
        bytes memory message = LogBytes.promised(logId, promised.slot, promised.leafHash, issuedAt, deadline);
        return _requireSigned(logId, promised.keyId, issuedAt, message, promised.signature);
    }

    function _isAnchored(Checkpoint calldata shown) internal pure returns (bool) {
        return shown.signature.length == 0;
    }

    /// @dev `start` is the first anchor that is not smaller than `fromSize`, or the next one where none is.
    function _requireStart(bytes32 logId, Start calldata start, uint64 fromSize) internal view {
        ICheckpointAnchor.Head memory head = ANCHOR.headOf(logId);
        bool isFirst;
        if (start.sequence >= head.count) {
            isFirst = start.sequence == head.count && (head.count == 0 || head.size < fromSize);
        } else {
            _requireAnchor(logId, start.sequence, start.first);
            isFirst = start.first.size >= fromSize;
            if (start.sequence > 0) {
                _requireAnchor(logId, start.sequence - 1, start.previous);
                isFirst = isFirst && start.previous.size < fromSize;
            }
        }
        if (!isFirst) revert WrongStart(logId, start.sequence);
    }

    function _requireAnchor(bytes32 logId, uint64 sequence, Preimage memory p) private view {
        bytes32 word = LogBytes.word(p.size, p.time, p.root, p.mapRoot, p.blockTime);
        if (ANCHOR.wordAt(logId, sequence) != word) revert UnknownAnchor(logId, sequence);
    }

    /// @dev An unknown log or key is the registry's refusal.
    function _requireSigned(
        bytes32 logId,
        bytes32 keyId,
        uint64 time,
        bytes memory message,
        bytes calldata signature
    ) private view returns (bool isDoubted) {
        bytes18 owner = REGISTRY.ownerAt(LogId.wrap(logId), time);
        IAuthorityRegistry.Key memory key = REGISTRY.keyOf(KeyId.wrap(keyId));
        bool counted = key.keyType == LOG_KEY && key.code == owner && REGISTRY.isValidAt(KeyId.wrap(keyId), time);
        if (!counted) revert WrongKey(keyId, time);
        if (!_sm2.isSignature(key.x, key.y, message, signature)) revert BadSignature(keyId);
        return key.compromisedSince != OPEN || key.suspendedUntil > _blockTime();
    }
}
