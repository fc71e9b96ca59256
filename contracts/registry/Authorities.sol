// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockTime} from "../BlockTime.sol";
import {IAuthorityRegistry, OPEN} from "../interfaces/IAuthorityRegistry.sol";
import {IConsortium} from "../interfaces/IConsortium.sol";
import {Shape} from "../libraries/Shape.sol";

/// @title The tree of authorities, and who may act for one
abstract contract Authorities is IAuthorityRegistry, BlockTime {
    /// @dev A proposal lives that long at most: after a longer delay none could be carried out.
    uint64 private constant LONGEST_DELAY = 29 days * 1000;
    uint256 private constant MAX_NAME = 256;

    /// @inheritdoc IAuthorityRegistry
    IConsortium public immutable consortium;
    /// @inheritdoc IAuthorityRegistry
    uint64 public immutable publicDelay;

    mapping(bytes18 code => Authority) internal _authorities;

    constructor(IConsortium consortium_, uint64 publicDelay_) BlockTime(consortium_.msPerUnit()) {
        Shape.requireRange(publicDelay_, 0, LONGEST_DELAY);
        consortium = consortium_;
        publicDelay = publicDelay_;
    }

    modifier onlyConsortium() {
        if (!_isConsortium()) revert NotConsortium(msg.sender);
        _;
    }

    // Consortium and parents

    /// @inheritdoc IAuthorityRegistry
    function registerAuthority(
        bytes18 code,
        string calldata name,
        string calldata region,
        bytes18 parent,
        address account
    ) external {
        if (parent != 0) _livingAuthority(parent);
        if (!_isConsortium() && !_isAccountOf(parent)) revert NotAllowed(msg.sender, code);
        if (!Shape.isCode(code)) revert BadText(string(abi.encodePacked(code)));
        if (bytes(name).length == 0 || bytes(name).length > MAX_NAME) revert BadText(name);
        Shape.requireText(region, 6, 6, Shape.DIGITS);
        if (_authorities[code].account != address(0)) revert KnownAuthority(code);
        if (account == address(0)) revert ZeroAccount(code);
        _authorities[code] = Authority(parent, account, 0, 0, OPEN);
        emit AuthorityRegistered(code, name, region, parent, account);
    }

    /// @inheritdoc IAuthorityRegistry
    function changeAccount(bytes18 code, address account) external {
        Authority storage authority = _livingAuthority(code);
        if (_isConsortium()) _requireDelay();
        else if (!_isAccountOf(code) && !_isAccountOf(authority.parent)) revert NotAllowed(msg.sender, code);
        if (account == address(0)) revert ZeroAccount(code);
        authority.account = account;
        emit AccountChanged(code, account);
    }

    /// @inheritdoc IAuthorityRegistry
    function changeParent(bytes18 code, bytes18 parent) external onlyConsortium {
        Authority storage authority = _livingAuthority(code);
        if (parent != 0) _livingAuthority(parent);
        for (bytes18 above = parent; above != 0; above = _authorities[above].parent) {
            if (above == code) revert BadParent(code, parent);
        }
        authority.parent = parent;
        emit ParentChanged(code, parent);
    }

    // Views

    /// @inheritdoc IAuthorityRegistry
    function msPerUnit() external view returns (uint64) {
        return MS_PER_UNIT;
    }

    /// @inheritdoc IAuthorityRegistry
    function authorityOf(bytes18 code) external view returns (Authority memory) {
        return _knownAuthority(code);
    }

    // Internals

    function _isConsortium() internal view returns (bool) {
        return msg.sender == address(consortium);
    }

    /// @dev False for zero, the parent of those at the top, and for a dissolved authority.
    function _isAccountOf(bytes18 code) internal view returns (bool) {
        Authority storage authority = _authorities[code];
        return authority.dissolvedAt == OPEN && msg.sender == authority.account;
    }

    /// @dev The proposal that runs has been public for the delay. Only where the sender is the consortium.
    function _requireDelay() internal view {
        uint64 proposedAt = consortium.runningSince();
        if (_blockTime() < proposedAt + publicDelay) revert TooEarly(proposedAt, proposedAt + publicDelay);
    }

    function _knownAuthority(bytes18 code) internal view returns (Authority storage authority) {
        authority = _authorities[code];
        if (authority.account == address(0)) revert UnknownAuthority(code);
    }

    function _livingAuthority(bytes18 code) internal view returns (Authority storage authority) {
        authority = _knownAuthority(code);
        if (authority.dissolvedAt != OPEN) revert DissolvedAuthority(code, authority.dissolvedAt);
    }

    /// @dev A key or grant never counts for blocks before the one that brought it.
    function _notPast(uint64 validFrom) internal view returns (uint64) {
        Shape.requireRange(validFrom, 0, Shape.MAX_INTEGER);
        return _later(validFrom, _blockTime());
    }

    function _later(uint64 a, uint64 b) internal pure returns (uint64) {
        return a < b ? b : a;
    }

    function _earlier(uint64 a, uint64 b) internal pure returns (uint64) {
        return a < b ? a : b;
    }
}
