// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAuthorityRegistry, LogId, OPEN} from "../interfaces/IAuthorityRegistry.sol";
import {Logs} from "./Logs.sol";

/// @title Functions that move from one authority to others, with their logs
/// @notice A type moves whole: all open logs of the authority that hold it go to one successor, and every type in a log that goes
/// goes too. So no log ever holds types of two authorities.
abstract contract Succession is Logs {
    /// @inheritdoc IAuthorityRegistry
    function recordSuccession(bytes18 code, Share[] calldata shares, bool dissolves) external {
        Authority storage authority = _livingAuthority(code);
        bool isParent = _isAccountOf(authority.parent);
        if (!isParent && !_isConsortium()) revert NotAllowed(msg.sender, code);
        if (shares.length == 0 && !dissolves) revert BadNumber(0);
        uint64 blockTime = _blockTime();
        for (uint256 i = 0; i < shares.length; i++) {
            Share calldata share = shares[i];
            if (share.successor == code) revert OwnSuccessor(code);
            bytes18 parent = _livingAuthority(share.successor).parent;
            if (isParent && !_isConsortium() && parent != authority.parent) revert NotAllowed(msg.sender, share.successor);
            uint256 typeCount = _moveLogs(code, share, blockTime);
            for (uint256 j = 0; j < share.licenceTypes.length; j++) typeCount -= _moveType(code, share, j);
            if (typeCount != 0) _refuseStayingType(code, share);
            emit FunctionMoved(code, share.successor, share.logs, share.licenceTypes, blockTime);
        }
        if (!dissolves) return;
        if (authority.openLogs != 0) revert OpenLogs(code, authority.openLogs);
        authority.dissolvedAt = blockTime;
        emit AuthorityDissolved(code, blockTime);
    }

    /// @dev Closed logs may go along: somebody must answer for them. Returns how many types the open ones hold, one in two logs
    /// counted twice.
    function _moveLogs(bytes18 code, Share calldata share, uint64 blockTime) private returns (uint256 typeCount) {
        for (uint256 i = 0; i < share.logs.length; i++) {
            LogId logId = share.logs[i];
            Log storage log = _knownLog(logId);
            if (log.owner != code) revert NotOwner(logId, code);
            log.owner = share.successor;
            _ownerships[logId].push(Ownership(blockTime, share.successor));
            if (log.closedAt != OPEN) continue;
            _authorities[code].openLogs--;
            _authorities[share.successor].openLogs++;
            typeCount += _typesOf[logId].length;
        }
    }

    /// @dev Returns in how many open logs the type goes. None is left to the authority, so a type named twice is found out.
    function _moveType(bytes18 code, Share calldata share, uint256 typeIndex) private returns (uint256 count) {
        string calldata licenceType = share.licenceTypes[typeIndex];
        bytes32 typeHash = keccak256(bytes(licenceType));
        LogId[] storage logs = _logsOfType[code][typeHash];
        LogId issuing = _issuingLogs[code][typeHash];
        for (uint256 i = 0; i < logs.length; i++) {
            LogId logId = logs[i];
            if (!_isOpen(logId)) continue;
            if (_logs[logId].owner != share.successor) revert LogStays(logId, licenceType);
            _logsOfType[share.successor][typeHash].push(logId);
            if (!_isOpen(issuing)) issuing = logId;
            count++;
        }
        if (count == 0) revert BadText(licenceType);
        if (!_isOpen(_issuingLogs[share.successor][typeHash])) _issuingLogs[share.successor][typeHash] = issuing;
        delete _logsOfType[code][typeHash];
        _issuingLogs[code][typeHash] = LogId.wrap(0);
    }

    /// @dev A log goes and a type in it was not named: one that the authority still has.
    function _refuseStayingType(bytes18 code, Share calldata share) private view {
        for (uint256 i = 0; i < share.logs.length; i++) {
            if (!_isOpen(share.logs[i])) continue;
            string[] storage licenceTypes = _typesOf[share.logs[i]];
            for (uint256 j = 0; j < licenceTypes.length; j++) {
                bytes32 typeHash = keccak256(bytes(licenceTypes[j]));
                if (_logsOfType[code][typeHash].length != 0) revert TypeStays(share.logs[i], licenceTypes[j]);
            }
        }
    }
}
