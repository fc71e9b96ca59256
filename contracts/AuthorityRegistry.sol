// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BlockTime} from "./BlockTime.sol";
import {IAuthorityRegistry, KeyId, LogId, OPEN} from "./interfaces/IAuthorityRegistry.sol";
import {Shape} from "./libraries/Shape.sol";

/// @title AuthorityRegistry
/// @notice See IAuthorityRegistry. One administrator account writes it, and vouches for what the contract does not check: that
/// ids are the SM3 digests they should be, that a key lies on the curve, and that its authority holds it.
contract AuthorityRegistry is IAuthorityRegistry, BlockTime {
    uint8 private constant KEY_TYPES = 7;
    uint8 private constant VRF_KEY = 7;
    uint8 private constant LOG_CLASSES = 3;
    uint8 private constant LICENCE_LOG = 1;
    uint8 private constant SEALS_LOG = 3;
    uint8 private constant MODES = 2;
    uint256 private constant MAX_NAME = 256;
    uint256 private constant MAX_ORIGIN = 128;

    /// @inheritdoc IAuthorityRegistry
    address public immutable admin;

    mapping(bytes18 code => Authority) private _authorities;
    mapping(KeyId => Key) private _keys;
    uint256 private _scopeCount;
    mapping(bytes32 scopeId => uint64) private _scopeEnds;
    mapping(LogId => Log) private _logs;
    mapping(bytes32 originHash => bool) private _takenOrigins;
    mapping(LogId => uint64) private _nextVrfIndex;
    mapping(LogId => mapping(bytes32 typeHash => uint8)) private _modes;
    mapping(bytes18 owner => mapping(bytes32 typeHash => LogId)) private _logOfType;

    constructor(address admin_, uint64 unit) BlockTime(unit) {
        admin = admin_;
    }

    modifier onlyAdmin() {
        if (msg.sender != admin) revert NotAdmin(msg.sender);
        _;
    }

    // Authorities

    /// @inheritdoc IAuthorityRegistry
    function registerAuthority(
        bytes18 code,
        string calldata name,
        string calldata region,
        bytes18 parent,
        address account
    ) external onlyAdmin {
        Shape.requireCode(string(abi.encodePacked(code)), 18, true);
        Shape.requireLength(name, MAX_NAME);
        Shape.requireCode(region, 6, false);
        if (_authorities[code].account != address(0)) revert KnownAuthority(code);
        if (parent != 0) authorityOf(parent);
        if (account == address(0)) revert ZeroAccount(code);
        _authorities[code] = Authority(parent, account);
        emit AuthorityRegistered(code, name, region, parent, account);
    }

    /// @inheritdoc IAuthorityRegistry
    function changeAccount(bytes18 code, address account) external onlyAdmin {
        authorityOf(code);
        if (account == address(0)) revert ZeroAccount(code);
        _authorities[code].account = account;
        emit AccountChanged(code, account);
    }

    // Keys

    /// @inheritdoc IAuthorityRegistry
    function addKey(bytes18 code, KeyId keyId, uint8 keyType, bytes calldata publicKey, uint64 validFrom) external onlyAdmin {
        authorityOf(code);
        Shape.requireRange(keyType, 1, KEY_TYPES);
        if (publicKey.length != 65 || publicKey[0] != 0x04) revert BadPublicKey(keyId);
        if (_keys[keyId].keyType != 0) revert KnownKey(keyId);
        validFrom = _notPast(validFrom);
        _keys[keyId] = Key(code, keyType, validFrom, OPEN, OPEN);
        emit KeyAdded(code, keyId, keyType, publicKey, validFrom);
    }

    /// @inheritdoc IAuthorityRegistry
    function retireKey(KeyId keyId) external onlyAdmin {
        Key memory key = keyOf(keyId);
        uint64 validTo = _blockTime();
        if (key.validTo != OPEN) revert EndedKey(keyId, key.validTo);
        if (validTo <= key.validFrom) revert EmptyPeriod(key.validFrom, validTo);
        _keys[keyId].validTo = validTo;
        emit KeyRetired(keyId, validTo);
    }

    /// @inheritdoc IAuthorityRegistry
    function declareKeyCompromised(KeyId keyId, uint64 since) external onlyAdmin {
        Key memory key = keyOf(keyId);
        Shape.requireRange(since, 0, _blockTime());
        if (since >= key.compromisedSince) revert NotEarlier(keyId, key.compromisedSince, since);
        _keys[keyId].compromisedSince = since;
        emit KeyCompromised(keyId, since);
    }

    // Scopes and coverage

    /// @inheritdoc IAuthorityRegistry
    function grantScope(
        bytes18 code,
        string calldata licenceType,
        string calldata region,
        uint64 validFrom,
        uint64 validTo
    ) external onlyAdmin returns (bytes32 scopeId) {
        authorityOf(code);
        Shape.requireCode(licenceType, 21, true);
        Shape.requireCode(region, 6, false);
        validFrom = _notPast(validFrom);
        if (validTo != OPEN) Shape.requireRange(validTo, 0, Shape.MAX_INTEGER);
        if (validTo <= validFrom) revert EmptyPeriod(validFrom, validTo);
        scopeId = keccak256(abi.encode(code, licenceType, region, _scopeCount++));
        _scopeEnds[scopeId] = validTo;
        emit ScopeGranted(scopeId, code, licenceType, region, validFrom, validTo);
    }

    /// @inheritdoc IAuthorityRegistry
    function endScope(bytes32 scopeId) external onlyAdmin {
        uint64 validTo = _blockTime();
        if (_scopeEnds[scopeId] == 0) revert UnknownScope(scopeId);
        if (_scopeEnds[scopeId] <= validTo) revert EndedScope(scopeId, _scopeEnds[scopeId]);
        _scopeEnds[scopeId] = validTo;
        emit ScopeEnded(scopeId, validTo);
    }

    /// @inheritdoc IAuthorityRegistry
    function declareCoverage(bytes18 code, string calldata licenceType, uint64 since) external onlyAdmin {
        authorityOf(code);
        Shape.requireCode(licenceType, 21, true);
        Shape.requireRange(since, 0, Shape.MAX_INTEGER);
        emit CoverageDeclared(code, licenceType, since);
    }

    // Logs

    /// @inheritdoc IAuthorityRegistry
    function registerLog(
        LogId logId,
        bytes18 owner,
        string calldata origin,
        uint8 logClass,
        uint64 quantum,
        uint64 beat,
        uint64 promiseSpan
    ) external onlyAdmin {
        authorityOf(owner);
        Shape.requireLength(origin, MAX_ORIGIN);
        Shape.requireRange(logClass, 1, LOG_CLASSES);
        Shape.requireRange(promiseSpan, 0, Shape.MAX_INTEGER);
        if (quantum == 0 || beat == 0 || promiseSpan < uint256(quantum) + 2 * uint256(beat)) {
            revert ShortPromise(quantum, beat, promiseSpan);
        }
        bytes32 originHash = keccak256(bytes(origin));
        if (_takenOrigins[originHash] || _logs[logId].logClass != 0) revert KnownLog(logId, origin);
        _takenOrigins[originHash] = true;
        _logs[logId] = Log(owner, logClass, OPEN);
        emit LogRegistered(logId, owner, origin, logClass, quantum, beat, promiseSpan);
    }

    /// @inheritdoc IAuthorityRegistry
    function closeLog(LogId logId) external onlyAdmin {
        _openLog(logId);
        uint64 closedAt = _blockTime();
        _logs[logId].closedAt = closedAt;
        emit LogClosed(logId, closedAt);
    }

    /// @inheritdoc IAuthorityRegistry
    function setVrfKey(LogId logId, KeyId keyId, uint64 fromIndex) external onlyAdmin {
        Log memory log = _openLog(logId);
        Key memory key = keyOf(keyId);
        uint64 next = _nextVrfIndex[logId];
        if (log.logClass == SEALS_LOG) revert WrongClass(logId, log.logClass);
        if (key.code != log.owner || key.keyType != VRF_KEY || key.validTo != OPEN || key.compromisedSince != OPEN) {
            revert WrongVrfKey(logId, keyId);
        }
        Shape.requireRange(fromIndex, 0, Shape.MAX_INTEGER);
        // Entry 0 has a key, and a second key for a licence log would give one licence a second history.
        bool fits = next == 0 ? fromIndex == 0 : fromIndex >= next && log.logClass != LICENCE_LOG;
        if (!fits) revert WrongVrfIndex(logId, fromIndex);
        _nextVrfIndex[logId] = fromIndex + 1;
        emit VrfKeySet(logId, keyId, fromIndex);
    }

    /// @inheritdoc IAuthorityRegistry
    function setMode(LogId logId, string calldata licenceType, uint8 mode) external onlyAdmin {
        Log memory log = _openLog(logId);
        if (log.logClass != LICENCE_LOG) revert WrongClass(logId, log.logClass);
        Shape.requireCode(licenceType, 21, true);
        Shape.requireRange(mode, 1, MODES);
        bytes32 typeHash = keccak256(bytes(licenceType));
        LogId other = _logOfType[log.owner][typeHash];
        if (isOpen(other)) revert ModeTaken(other, licenceType);
        _modes[logId][typeHash] = mode;
        _logOfType[log.owner][typeHash] = logId;
        emit ModeSet(logId, licenceType, mode);
    }

    // Views

    /// @inheritdoc IAuthorityRegistry
    function msPerUnit() external view returns (uint64) {
        return MS_PER_UNIT;
    }

    /// @inheritdoc IAuthorityRegistry
    function authorityOf(bytes18 code) public view returns (Authority memory authority) {
        authority = _authorities[code];
        if (authority.account == address(0)) revert UnknownAuthority(code);
    }

    /// @inheritdoc IAuthorityRegistry
    function keyOf(KeyId keyId) public view returns (Key memory key) {
        key = _keys[keyId];
        if (key.keyType == 0) revert UnknownKey(keyId);
    }

    /// @inheritdoc IAuthorityRegistry
    function logOf(LogId logId) public view returns (Log memory log) {
        log = _logs[logId];
        if (log.logClass == 0) revert UnknownLog(logId);
    }

    /// @inheritdoc IAuthorityRegistry
    function modeOf(LogId logId, string calldata licenceType) external view returns (uint8) {
        return _modes[logId][keccak256(bytes(licenceType))];
    }

    /// @inheritdoc IAuthorityRegistry
    function accountOf(LogId logId) external view returns (address) {
        return _authorities[logOf(logId).owner].account;
    }

    /// @inheritdoc IAuthorityRegistry
    function isOpen(LogId logId) public view returns (bool) {
        return _logs[logId].closedAt == OPEN;
    }

    // Internals

    function _openLog(LogId logId) private view returns (Log memory log) {
        log = logOf(logId);
        if (log.closedAt != OPEN) revert ClosedLog(logId, log.closedAt);
    }

    /// @dev A key or scope never counts for blocks before the one that brought it.
    function _notPast(uint64 validFrom) private view returns (uint64) {
        Shape.requireRange(validFrom, 0, Shape.MAX_INTEGER);
        uint64 blockTime = _blockTime();
        return validFrom < blockTime ? blockTime : validFrom;
    }
}
