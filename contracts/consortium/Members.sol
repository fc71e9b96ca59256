// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "../interfaces/IConsortium.sol";
import {Shape} from "../libraries/Shape.sol";

/// @title The members of the consortium and how many of them decide
abstract contract Members is IConsortium {
    uint32 private constant LEAST_THRESHOLD = 2;

    /// @param seat A number that is given once: approvals count by it, so whoever comes again votes again.
    /// @param place In the list of members, from 1; zero for whoever is no member.
    struct Seat {
        bytes18 code;
        uint32 seat;
        uint32 place;
    }

    Member[] internal _members;
    mapping(address account => Seat) internal _seats;
    mapping(bytes18 code => bool) private _isSeated;
    uint32 private _lastSeat;
    uint32 internal _threshold;
    uint32 internal _suspensionThreshold;

    constructor(Member[] memory founders, uint32 threshold, uint32 suspensionThreshold) {
        for (uint256 i = 0; i < founders.length; i++) _seat(founders[i].code, founders[i].account);
        _setThresholds(threshold, suspensionThreshold);
    }

    modifier onlyMember() {
        if (!isMember(msg.sender)) revert NotMember(msg.sender);
        _;
    }

    modifier onlyConsortium() {
        if (msg.sender != address(this)) revert NotConsortium(msg.sender);
        _;
    }

    // The consortium itself, by proposal

    /// @inheritdoc IConsortium
    function addMember(bytes18 code, address account) external onlyConsortium {
        _seat(code, account);
    }

    /// @inheritdoc IConsortium
    function removeMember(address account) external onlyConsortium {
        Seat memory seat = _seats[account];
        if (seat.place == 0) revert NotMember(account);
        _requireThresholds(_threshold, _suspensionThreshold, _members.length - 1);
        Member memory last = _members[_members.length - 1];
        _members[seat.place - 1] = last;
        _seats[last.account].place = seat.place;
        _members.pop();
        delete _seats[account];
        delete _isSeated[seat.code];
        emit MemberRemoved(seat.code, account);
    }

    /// @inheritdoc IConsortium
    function setThresholds(uint32 threshold, uint32 suspensionThreshold) external onlyConsortium {
        _setThresholds(threshold, suspensionThreshold);
    }

    // Views

    /// @inheritdoc IConsortium
    function isMember(address account) public view returns (bool) {
        return _seats[account].place != 0;
    }

    /// @inheritdoc IConsortium
    function members() external view returns (Member[] memory) {
        return _members;
    }

    /// @inheritdoc IConsortium
    function thresholds() external view returns (uint32 threshold, uint32 suspensionThreshold) {
        return (_threshold, _suspensionThreshold);
    }

    // Internals

    function _seat(bytes18 code, address account) private {
        if (!Shape.isCode(code)) revert BadCode(code);
        if (account == address(0)) revert ZeroAccount();
        if (_isSeated[code] || isMember(account)) revert KnownMember(code, account);
        _members.push(Member(code, account));
        _seats[account] = Seat(code, ++_lastSeat, uint32(_members.length));
        _isSeated[code] = true;
        emit MemberAdded(code, account);
    }

    function _setThresholds(uint32 threshold, uint32 suspensionThreshold) private {
        _requireThresholds(threshold, suspensionThreshold, _members.length);
        (_threshold, _suspensionThreshold) = (threshold, suspensionThreshold);
        emit ThresholdsChanged(threshold, suspensionThreshold);
    }

    function _requireThresholds(uint32 threshold, uint32 suspensionThreshold, uint256 count) private pure {
        bool fits = LEAST_THRESHOLD <= suspensionThreshold && suspensionThreshold <= threshold && threshold <= count;
        if (!fits) revert BadThreshold(threshold, suspensionThreshold, count);
    }
}
