// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAuthorityRegistry} from "./IAuthorityRegistry.sol";

/// @title Checkpoints of logs, on chain
/// @notice A log's anchors only move forward: each is signed by the log's key and extends the one before it (RFC 9162 §2.1.4).
/// All times are UTC milliseconds. Every anchor stands in an event; storage keeps one word of it, so that its preimage can be
/// shown later.
interface ICheckpointAnchor {
    /// @notice The newest anchor of a log.
    /// @param count The number of anchors, one more than the newest one's sequence number; zero before the first.
    /// @param time The checkpoint's own time.
    /// @param blockTime The time of the block that holds the anchor.
    struct Head {
        uint64 count;
        uint64 size;
        uint64 time;
        uint64 blockTime;
        bytes32 root;
    }

    /// @param sequence Counts the log's anchors from 0.
    event Anchored(
        bytes32 indexed logId,
        uint64 indexed sequence,
        uint64 size,
        uint64 time,
        bytes32 root,
        bytes32 mapRoot,
        bytes32 keyId,
        bytes signature,
        uint64 blockTime
    );
    /// @notice A signed checkpoint of the same size as an anchor, with another root or map root. The head stays as it is.
    /// @param sequence The anchor that it contradicts.
    event Forked(
        bytes32 indexed logId,
        uint64 indexed sequence,
        uint64 size,
        uint64 time,
        bytes32 root,
        bytes32 mapRoot,
        bytes32 keyId,
        bytes signature,
        uint64 blockTime
    );

    error ClosedLog(bytes32 logId, uint64 closedAt);
    /// @notice Others may anchor only once the log has been silent for two of its beats.
    error NotLogAccount(bytes32 logId, address account, uint64 silentAt);
    error WrongKey(bytes32 keyId);
    error NotValidThen(bytes32 keyId, uint64 time);
    error RetiredKey(bytes32 keyId, uint64 validTo);
    error CompromisedKey(bytes32 keyId, uint64 since);
    error SuspendedKey(bytes32 keyId, uint64 suspendedUntil);
    error BadSignature(bytes32 keyId);
    error ProofTooLong(uint256 length);
    error NotExtending(bytes32 logId, uint64 have, uint64 got);
    error BadNumber(uint256 value);
    /// @notice The root of the empty tree and entries, or the reverse.
    error BadRoot(uint64 size, bytes32 root);
    error BadMapRoot(uint64 size, bytes32 mapRoot);
    error SizeShrinks(bytes32 logId, uint64 have, uint64 got);
    error NotLater(bytes32 logId, uint64 have, uint64 got);
    error TimeOutOfBounds(uint64 time, uint64 blockTime);

    /// @notice Records a checkpoint of an open log, or that it contradicts the newest one: that from anyone, whatever its time,
    /// for a closed log as well, and under a key that was retired since.
    /// @param logId The log.
    /// @param size Entries in the log, at most 2^53-1.
    /// @param time The checkpoint's own time: at most an hour before the block's and two minutes after it.
    /// @param root SM3 root of the tree, that of the empty tree if and only if the log is empty.
    /// @param mapRoot SM3 root of the map, zero if and only if the log is empty.
    /// @param keyId The log key that signed the checkpoint, of the authority whose log it was then.
    /// @param signature SM2 signature over the checkpoint's 128 bytes, r ‖ s.
    /// @param proof Consistency with the newest anchor, at most 64 hashes.
    function anchor(
        bytes32 logId,
        uint64 size,
        uint64 time,
        bytes32 root,
        bytes32 mapRoot,
        bytes32 keyId,
        bytes calldata signature,
        bytes32[] calldata proof
    ) external;

    /// @notice Where logs, keys and accounts stand.
    function registry() external view returns (IAuthorityRegistry);

    function headOf(bytes32 logId) external view returns (Head memory);

    /// @notice keccak256 of size, time, root, map root and block time, each as 32 bytes; zero if there is no such anchor.
    function wordAt(bytes32 logId, uint64 sequence) external view returns (bytes32);
}
