// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockTime} from "./BlockTime.sol";
import {IAuthorityRegistry, KeyId, LogId, OPEN} from "./interfaces/IAuthorityRegistry.sol";
import {ICheckpointAnchor} from "./interfaces/ICheckpointAnchor.sol";
import {Shape} from "./libraries/Shape.sol";

/// @title CheckpointAnchor
/// @notice See ICheckpointAnchor. The account that anchors vouches for what the contract does not check: that the signature
/// holds, and that the tree has grown out of the anchored one.
contract CheckpointAnchor is ICheckpointAnchor, BlockTime {
    uint8 private constant LOG_KEY = 2;
    uint256 private constant MAX_PROOF = 64;
    uint64 private constant MAX_AGE = 1 hours * 1000;
    uint64 private constant MAX_LEAD = 2 minutes * 1000;

    /// @inheritdoc ICheckpointAnchor
    IAuthorityRegistry public immutable registry;

    mapping(bytes32 logId => Head) private _heads;
    mapping(bytes32 logId => mapping(uint64 sequence => bytes32)) private _words;

    constructor(IAuthorityRegistry registry_) BlockTime(registry_.msPerUnit()) {
        registry = registry_;
    }

    // The log's account

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
        _requireShape(size, time, mapRoot, signature.length, proof.length);
        _requireRight(logId, keyId, time);
        Head memory head = _heads[logId];
        uint64 blockTime = _blockTime();

        if (head.count > 0 && size == head.size) {
            uint64 newest = head.count - 1;
            if (_words[logId][newest] != _word(size, head.time, root, mapRoot, head.blockTime)) {
                emit Forked(logId, newest, size, time, root, mapRoot, keyId, signature, blockTime);
                return;
            }
        }
        if (size < head.size) revert SizeShrinks(logId, head.size, size);
        if (time <= head.time) revert NotLater(logId, head.time, time);
        if (time + MAX_AGE < blockTime || time > blockTime + MAX_LEAD) revert TimeOutOfBounds(time, blockTime);

        _heads[logId] = Head(head.count + 1, size, time, blockTime);
        _words[logId][head.count] = _word(size, time, root, mapRoot, blockTime);
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

    function _requireShape(
        uint64 size,
        uint64 time,
        bytes32 mapRoot,
        uint256 signatureLength,
        uint256 proofLength
    ) private pure {
        if (size > Shape.MAX_INTEGER) revert BadNumber(size);
        if (time > Shape.MAX_INTEGER) revert BadNumber(time);
        if ((size == 0) != (mapRoot == 0)) revert BadMapRoot(size, mapRoot);
        if (signatureLength != 64) revert BadSignatureLength(signatureLength);
        if (proofLength > MAX_PROOF) revert ProofTooLong(proofLength);
    }

    /// @dev The log takes anchors, from this account, under this key. An unknown log or key is the registry's refusal.
    function _requireRight(bytes32 logId, bytes32 keyId, uint64 time) private view {
        IAuthorityRegistry.Log memory log = registry.logOf(LogId.wrap(logId));
        IAuthorityRegistry.Key memory key = registry.keyOf(KeyId.wrap(keyId));
        if (log.closedAt != OPEN) revert ClosedLog(logId, log.closedAt);
        if (msg.sender != registry.accountOf(LogId.wrap(logId))) revert NotLogAccount(logId, msg.sender);
        if (key.keyType != LOG_KEY || key.code != log.owner) revert WrongKey(keyId);
        if (time < key.validFrom) revert NotYetValid(keyId, key.validFrom);
        if (key.validTo != OPEN) revert RetiredKey(keyId, key.validTo);
        if (key.compromisedSince != OPEN) revert CompromisedKey(keyId, key.compromisedSince);
    }

    /// @dev What storage keeps of an anchor.
    function _word(
        uint64 size,
        uint64 time,
        bytes32 root,
        bytes32 mapRoot,
        uint64 blockTime
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(size, time, root, mapRoot, blockTime));
    }
}
