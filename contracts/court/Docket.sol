// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockTime} from "../BlockTime.sol";
import {IConsortium} from "../interfaces/IConsortium.sol";
import {IOmissionCourt} from "../interfaces/IOmissionCourt.sol";

/// @title The charges against each log, and its dispute
/// @notice A charge is named by the fact that it states, not by what showed it. It may be shown again only to say more: from a
/// smaller size on, or without bytes of a key in doubt. What a quorum has answered stays answered.
abstract contract Docket is IOmissionCourt, BlockTime {
    uint64 private constant NONE = type(uint64).max;
    uint256 private constant MAX_REASON = 1024;

    /// @param round One more than the number of clearings of the log before it was brought; zero if it never was.
    /// @param fromSize From where it is in effect; NONE while it is not.
    /// @param waitingSize From where it would be, once confirmed; NONE if nothing waits.
    struct Record {
        bytes32 logId;
        uint8 charge;
        uint64 round;
        uint64 fromSequence;
        uint64 fromSize;
        uint64 waitingSequence;
        uint64 waitingSize;
    }

    /// @dev What a charge shows.
    /// @param fact What it is about, the same however it is shown.
    /// @param saidAt When the log said the newer part of it, if it could say it anew after a clearing; zero if not.
    /// @param isDoubted It rests on bytes of a key that is declared compromised, or suspended now.
    struct Finding {
        uint8 charge;
        uint8 about;
        bytes32 fact;
        uint64 fromSize;
        uint64 saidAt;
        bool isDoubted;
    }

    IConsortium private immutable _consortium;

    mapping(bytes32 chargeDigest => Record) private _records;
    mapping(bytes32 logId => Dispute) private _disputes;
    /// @dev When each clearing was, in order.
    mapping(bytes32 logId => uint64[]) private _clearings;
    /// @dev Charges brought since the last clearing.
    mapping(bytes32 logId => uint256) private _unanswered;

    constructor(IConsortium consortium) {
        _consortium = consortium;
    }

    modifier onlyMember() {
        if (!_consortium.isMember(msg.sender)) revert NotMember(msg.sender);
        _;
    }

    modifier onlyConsortium() {
        if (msg.sender != address(_consortium)) revert NotConsortium(msg.sender);
        _;
    }

    // The consortium

    /// @inheritdoc IOmissionCourt
    function confirm(bytes32 chargeDigest) external onlyConsortium {
        Record memory record = _records[chargeDigest];
        bool isAnswered = record.round <= _clearings[record.logId].length;
        if (isAnswered || record.waitingSize == NONE) revert UnknownCharge(chargeDigest);

        (record.fromSequence, record.fromSize) = (record.waitingSequence, record.waitingSize);
        (record.waitingSequence, record.waitingSize) = (0, NONE);
        _records[chargeDigest] = record;
        emit Confirmed(record.logId, chargeDigest);
        _dispute(chargeDigest, record);
    }

    /// @inheritdoc IOmissionCourt
    function clear(bytes32 logId, string calldata reason) external onlyConsortium {
        if (bytes(reason).length == 0 || bytes(reason).length > MAX_REASON) revert BadReason(bytes(reason).length);
        if (_unanswered[logId] == 0) revert NotDisputed(logId);
        bytes32 chargeDigest = _disputes[logId].chargeDigest;

        delete _disputes[logId];
        delete _unanswered[logId];
        _clearings[logId].push(_blockTime());
        emit Cleared(logId, chargeDigest, reason);
    }

    // Views

    /// @inheritdoc IOmissionCourt
    function disputeOf(bytes32 logId) external view returns (Dispute memory) {
        return _disputes[logId];
    }

    /// @inheritdoc IOmissionCourt
    function isKnownCharge(bytes32 chargeDigest) external view returns (bool) {
        return _records[chargeDigest].round != 0;
    }

    // Internals

    /// @dev Enters what a charge showed. `fromSequence` has been checked against `finding.fromSize`.
    function _enter(bytes32 logId, uint64 fromSequence, Finding memory finding) internal {
        bytes32 chargeDigest = keccak256(abi.encode(logId, finding.about, finding.fact));
        Record memory record = _records[chargeDigest];
        uint64 round = uint64(_clearings[logId].length + 1);
        bool isNew = record.round != round;
        if (isNew) {
            // Answered: to be brought again, the log must have told the same lie anew.
            bool wasAnswered = record.round != 0 && finding.saidAt <= _clearings[logId][record.round - 1];
            if (wasAnswered) revert KnownCharge(chargeDigest);
            record = Record(logId, finding.charge, round, 0, NONE, 0, NONE);
        }
        bool saysMore = finding.fromSize < record.fromSize && (!finding.isDoubted || finding.fromSize < record.waitingSize);
        if (!saysMore) revert KnownCharge(chargeDigest);

        record.charge = finding.charge;
        if (finding.isDoubted) {
            (record.waitingSequence, record.waitingSize) = (fromSequence, finding.fromSize);
        } else {
            (record.fromSequence, record.fromSize) = (fromSequence, finding.fromSize);
            if (record.waitingSize >= finding.fromSize) (record.waitingSequence, record.waitingSize) = (0, NONE);
        }
        _records[chargeDigest] = record;
        if (isNew) _unanswered[logId]++;
        emit Charged(
            logId,
            chargeDigest,
            finding.charge,
            msg.sender,
            !finding.isDoubted,
            fromSequence,
            finding.fromSize
        );
        if (!finding.isDoubted) _dispute(chargeDigest, record);
    }

    /// @dev The charge is in effect; the log is disputed from the smallest size of all that are.
    function _dispute(bytes32 chargeDigest, Record memory record) private {
        Dispute memory dispute = _disputes[record.logId];
        if (dispute.openedAt != 0 && dispute.fromSize <= record.fromSize) return;
        uint64 openedAt = dispute.openedAt != 0 ? dispute.openedAt : _blockTime();
        _disputes[record.logId] = Dispute(chargeDigest, record.fromSequence, record.fromSize, openedAt);
        emit Disputed(record.logId, chargeDigest, record.charge, record.fromSequence, record.fromSize);
    }
}
