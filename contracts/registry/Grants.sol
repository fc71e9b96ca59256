// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GrantId, IAuthorityRegistry, OPEN} from "../interfaces/IAuthorityRegistry.sol";
import {Shape} from "../libraries/Shape.sol";
import {Authorities} from "./Authorities.sol";

/// @title Scopes and duties, handed down level by level, and coverage
abstract contract Grants is Authorities {
    uint256 private constant MAX_PURPOSE = 64;

    /// @param what keccak256 of the licence type or the purpose.
    /// @param region Zero for a duty.
    struct Content {
        bytes32 what;
        bytes6 region;
    }

    uint64 private _grantCount;
    mapping(GrantId => Grant) private _grants;
    mapping(GrantId => Content) private _contents;
    /// @dev By holder and content. Grants of the same follow one another in time.
    mapping(bytes32 holding => GrantId) private _lastGrants;

    // Scopes and duties

    /// @inheritdoc IAuthorityRegistry
    function grantScope(
        bytes18 code,
        string calldata licenceType,
        string calldata region,
        uint64 validFrom,
        uint64 validTo,
        GrantId parentId
    ) external returns (GrantId scopeId) {
        _requireType(licenceType);
        Shape.requireText(region, 6, 6, Shape.DIGITS);
        validFrom = _notPast(validFrom);
        Content memory content = Content(keccak256(bytes(licenceType)), bytes6(bytes(region)));
        scopeId = _grant(Grant(code, false, validFrom, validTo, parentId), content);
        emit ScopeGranted(scopeId, code, licenceType, region, validFrom, validTo, parentId);
    }

    /// @inheritdoc IAuthorityRegistry
    function grantDuty(
        bytes18 code,
        string calldata purpose,
        uint64 validFrom,
        uint64 validTo,
        GrantId parentId
    ) external returns (GrantId dutyId) {
        Shape.requireText(purpose, 1, MAX_PURPOSE, Shape.PURPOSE);
        validFrom = _notPast(validFrom);
        dutyId = _grant(Grant(code, true, validFrom, validTo, parentId), Content(keccak256(bytes(purpose)), 0));
        emit DutyGranted(dutyId, code, purpose, validFrom, validTo, parentId);
    }

    /// @inheritdoc IAuthorityRegistry
    function endGrant(GrantId grantId) external {
        Grant storage grant = _knownGrant(grantId);
        if (!_isConsortium() && !_isAccountOf(_grants[grant.parent].code) && !_isAccountOf(_authorities[grant.code].parent)) {
            revert NotAllowed(msg.sender, grant.code);
        }
        (uint64 end, uint64 blockTime) = (_endOfGrant(grantId), _blockTime());
        if (end <= blockTime) revert EndedGrant(grantId, end);
        grant.validTo = blockTime;
        if (grant.isDuty) emit DutyEnded(grantId, blockTime);
        else emit ScopeEnded(grantId, blockTime);
    }

    // Coverage

    /// @inheritdoc IAuthorityRegistry
    function declareCoverage(bytes18 code, string calldata licenceType, uint64 since) external {
        _livingAuthority(code);
        if (!_isAccountOf(code)) revert NotAllowed(msg.sender, code);
        _requireType(licenceType);
        Shape.requireRange(since, 0, Shape.MAX_INTEGER);
        emit CoverageDeclared(code, licenceType, since);
    }

    // Views

    /// @inheritdoc IAuthorityRegistry
    function grantOf(GrantId grantId) external view returns (Grant memory) {
        return _knownGrant(grantId);
    }

    // Internals

    /// @dev A GB/T 36904 type code.
    function _requireType(string memory licenceType) internal pure {
        Shape.requireText(licenceType, 21, 21, Shape.CODE);
    }

    function _knownGrant(GrantId grantId) private view returns (Grant storage grant) {
        grant = _grants[grantId];
        if (grant.code == 0) revert UnknownGrant(grantId);
    }

    /// @dev A grant ends with whatever it is part of, and with the authority that holds any of them.
    function _endOfGrant(GrantId grantId) private view returns (uint64 end) {
        end = OPEN;
        while (GrantId.unwrap(grantId) != 0) {
            Grant storage grant = _grants[grantId];
            end = _earlier(end, _earlier(grant.validTo, _authorities[grant.code].dissolvedAt));
            grantId = grant.parent;
        }
    }

    function _grant(Grant memory grant, Content memory content) private returns (GrantId grantId) {
        bytes18 above = _livingAuthority(grant.code).parent;
        if (GrantId.unwrap(grant.parent) == 0) {
            if (!_isConsortium()) revert NotConsortium(msg.sender);
        } else if (!_isAccountOf(above)) {
            revert NotAllowed(msg.sender, grant.code);
        }
        if (grant.validTo != OPEN) Shape.requireRange(grant.validTo, 0, Shape.MAX_INTEGER);
        if (grant.validTo <= grant.validFrom) revert EmptyPeriod(grant.validFrom, grant.validTo);
        if (GrantId.unwrap(grant.parent) != 0) _requireWithin(grant, content, above);
        bytes32 holding = keccak256(abi.encode(grant.code, grant.isDuty, content));
        GrantId last = _lastGrants[holding];
        uint64 lastEnd = _endOfGrant(last);
        if (GrantId.unwrap(last) != 0 && lastEnd > grant.validFrom) revert OverlappingGrant(last, lastEnd);
        grantId = GrantId.wrap(keccak256(abi.encode(grant, content, _grantCount++)));
        (_grants[grantId], _contents[grantId], _lastGrants[holding]) = (grant, content, grantId);
    }

    function _requireWithin(Grant memory grant, Content memory content, bytes18 grantor) private view {
        Grant storage parent = _knownGrant(grant.parent);
        Content storage whole = _contents[grant.parent];
        bool isSame = parent.code == grantor && parent.isDuty == grant.isDuty && whole.what == content.what;
        bool isPart = Shape.isWithin(content.region, whole.region);
        bool isDuring = grant.validFrom >= parent.validFrom && grant.validTo <= _endOfGrant(grant.parent);
        if (!isSame || !isPart || !isDuring) revert BeyondGrant(grant.parent);
    }
}
