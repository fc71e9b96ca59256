// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockTime} from "./BlockTime.sol";
import {Members} from "./consortium/Members.sol";
import {IAuthorityRegistry, KeyId} from "./interfaces/IAuthorityRegistry.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";

/// @title Consortium
/// @notice See IConsortium.
contract Consortium is Members, BlockTime {
    uint64 private constant LONGEST_VOTE = 30 days * 1000;

    uint64 private _proposalCount;
    bytes32 private _running;
    mapping(bytes32 proposalId => Proposal) private _proposals;
    mapping(bytes32 proposalId => bytes) private _calls;
    mapping(bytes32 proposalId => mapping(uint32 seat => bool)) private _approvals;

    constructor(
        Member[] memory founders,
        uint32 threshold,
        uint32 suspensionThreshold,
        uint64 unit
    ) Members(founders, threshold, suspensionThreshold) BlockTime(unit) {}

    // Members

    /// @inheritdoc IConsortium
    function propose(
        address target,
        bytes calldata data,
        uint64 expiresAt
    ) external onlyMember returns (bytes32 proposalId) {
        return _propose(target, data, expiresAt, false);
    }

    /// @inheritdoc IConsortium
    /// @dev The call is made here, so fewer approvals can do nothing else.
    function proposeSuspension(
        address registry,
        bytes32 keyId,
        uint64 expiresAt
    ) external onlyMember returns (bytes32 proposalId) {
        return _propose(registry, abi.encodeCall(IAuthorityRegistry.suspendKey, (KeyId.wrap(keyId))), expiresAt, true);
    }

    /// @inheritdoc IConsortium
    function approve(bytes32 proposalId) external onlyMember {
        _openProposal(proposalId);
        _approve(proposalId);
    }

    /// @inheritdoc IConsortium
    function withdraw(bytes32 proposalId) external onlyMember {
        _openProposal(proposalId);
        uint32 seat = _seats[msg.sender].seat;
        if (!_approvals[proposalId][seat]) revert NotApproved(proposalId, msg.sender);
        _approvals[proposalId][seat] = false;
        emit Withdrawn(proposalId, msg.sender);
    }

    /// @inheritdoc IConsortium
    function execute(bytes32 proposalId) external onlyMember {
        if (_running != 0) revert Running(_running);
        Proposal storage proposal = _openProposal(proposalId);
        (uint32 approvals, uint32 needed) = (_approvalsOf(proposalId), proposal.isSuspension ? _suspensionThreshold : _threshold);
        if (approvals < needed) revert TooFewApprovals(proposalId, approvals, needed);
        address target = proposal.target;
        if (target.code.length == 0) revert NoContract(target);
        proposal.isExecuted = true;
        _running = proposalId;
        emit Executed(proposalId, msg.sender);
        (bool isDone, bytes memory answer) = target.call(_calls[proposalId]);
        if (!isDone) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        _running = 0;
    }

    // Views

    /// @inheritdoc IConsortium
    function proposalOf(bytes32 proposalId) external view returns (Proposal memory proposal) {
        proposal = _knownProposal(proposalId);
        proposal.approvals = _approvalsOf(proposalId);
    }

    /// @inheritdoc IConsortium
    function runningSince() external view returns (uint64) {
        return _proposals[_running].proposedAt;
    }

    /// @inheritdoc IConsortium
    function msPerUnit() external view returns (uint64) {
        return MS_PER_UNIT;
    }

    // Internals

    function _propose(
        address target,
        bytes memory data,
        uint64 expiresAt,
        bool isSuspension
    ) private returns (bytes32 proposalId) {
        uint64 blockTime = _blockTime();
        if (expiresAt <= blockTime || expiresAt > blockTime + LONGEST_VOTE) revert BadExpiry(expiresAt, blockTime);
        uint64 number = _proposalCount++;
        proposalId = keccak256(abi.encode(block.chainid, address(this), number, target, data, isSuspension, expiresAt));
        _proposals[proposalId] = Proposal(target, blockTime, expiresAt, isSuspension, false, 0);
        _calls[proposalId] = data;
        emit Proposed(proposalId, number, msg.sender, target, data, isSuspension, blockTime, expiresAt);
        _approve(proposalId);
    }

    function _approve(bytes32 proposalId) private {
        uint32 seat = _seats[msg.sender].seat;
        if (_approvals[proposalId][seat]) revert ApprovedBefore(proposalId, msg.sender);
        _approvals[proposalId][seat] = true;
        emit Approved(proposalId, msg.sender);
    }

    /// @dev Approvals of present members.
    function _approvalsOf(bytes32 proposalId) private view returns (uint32 approvals) {
        for (uint256 i = 0; i < _members.length; i++) {
            if (_approvals[proposalId][_seats[_members[i].account].seat]) approvals++;
        }
    }

    function _knownProposal(bytes32 proposalId) private view returns (Proposal storage proposal) {
        proposal = _proposals[proposalId];
        if (proposal.proposedAt == 0) revert UnknownProposal(proposalId);
    }

    function _openProposal(bytes32 proposalId) private view returns (Proposal storage proposal) {
        proposal = _knownProposal(proposalId);
        if (proposal.isExecuted) revert ExecutedProposal(proposalId);
        if (proposal.expiresAt <= _blockTime()) revert ExpiredProposal(proposalId, proposal.expiresAt);
    }
}
