// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAuthorityRegistry, KeyId, LogId, OPEN} from "../interfaces/IAuthorityRegistry.sol";
import {ISM3} from "../interfaces/ISM3.sol";
import {Shape} from "../libraries/Shape.sol";
import {Grants} from "./Grants.sol";
import {Keys} from "./Keys.sol";

/// @title The logs, their owners, VRF keys and modes
abstract contract Logs is Keys, Grants {
    uint8 private constant VRF_KEY = 7;
    uint8 internal constant LICENCE_LOG = 1;
    uint8 private constant SEALS_LOG = 3;
    uint8 private constant MODES = 2;
    uint256 private constant MAX_ORIGIN = 128;
    bytes16 private constant LOG_ID = "veritrail-id-v1\n";

    struct Ownership {
        uint64 since;
        bytes18 owner;
    }

    ISM3 private immutable SM3;

    /// @inheritdoc IAuthorityRegistry
    string public consortiumName;

    mapping(LogId => Log) internal _logs;
    mapping(LogId => Ownership[]) internal _ownerships;
    mapping(LogId => uint64) private _nextVrfIndex;
    mapping(LogId => string[]) internal _typesOf;
    mapping(LogId => mapping(bytes32 typeHash => uint8)) private _modes;
    /// @dev The log in which an owner issues a type; it may have been closed.
    mapping(bytes18 owner => mapping(bytes32 typeHash => LogId)) internal _issuingLogs;
    /// @dev All logs of an owner that hold histories of a type, inherited ones as well; some may have been closed.
    mapping(bytes18 owner => mapping(bytes32 typeHash => LogId[])) internal _logsOfType;

    constructor(ISM3 sm3, string memory name) {
        Shape.requireText(name, 1, MAX_ORIGIN, Shape.NAME);
        SM3 = sm3;
        consortiumName = name;
    }

    // Owners

    /// @inheritdoc IAuthorityRegistry
    function registerLog(
        bytes18 owner,
        string calldata origin,
        uint8 logClass,
        uint64 quantum,
        uint64 beat,
        uint64 promiseSpan,
        uint64 term
    ) external returns (LogId logId) {
        _requireOwner(owner);
        _requireOrigin(owner, bytes(origin));
        Shape.requireRange(logClass, LICENCE_LOG, SEALS_LOG);
        Shape.requireRange(promiseSpan, 0, Shape.MAX_INTEGER);
        if (quantum == 0 || beat == 0 || promiseSpan < uint256(quantum) + 2 * uint256(beat)) {
            revert ShortPromise(quantum, beat, promiseSpan);
        }
        if (logClass == SEALS_LOG) Shape.requireRange(term, 1, Shape.MAX_INTEGER);
        else Shape.requireRange(term, 0, 0);
        logId = LogId.wrap(SM3.hash(bytes.concat(LOG_ID, bytes(origin))));
        if (_logs[logId].logClass != 0) revert KnownLog(logId, origin);
        uint64 blockTime = _blockTime();
        _logs[logId] = Log(owner, logClass, false, OPEN, blockTime, beat, promiseSpan);
        _ownerships[logId].push(Ownership(blockTime, owner));
        _authorities[owner].openLogs++;
        emit LogRegistered(logId, owner, origin, logClass, quantum, beat, promiseSpan, term);
    }

    /// @inheritdoc IAuthorityRegistry
    function closeLog(LogId logId) external {
        Log storage log = _openLog(logId);
        bool byOwner = _isAccountOf(log.owner);
        if (!byOwner && !_isConsortium()) revert NotAllowed(msg.sender, log.owner);
        (log.closedByOwner, log.closedAt) = (byOwner, _blockTime());
        _authorities[log.owner].openLogs--;
        emit LogClosed(logId, log.closedAt, byOwner);
    }

    /// @inheritdoc IAuthorityRegistry
    function setVrfKey(LogId logId, KeyId keyId, uint64 fromIndex) external {
        Log storage log = _openLog(logId);
        _requireOwner(log.owner);
        if (log.logClass == SEALS_LOG) revert WrongClass(logId, log.logClass);
        Key storage key = _knownKey(keyId);
        bool isFit = key.code == log.owner && key.keyType == VRF_KEY && _endOf(keyId) == OPEN;
        if (!isFit || key.compromisedSince != OPEN || _isSuspended(key)) revert WrongVrfKey(logId, keyId);
        Shape.requireRange(fromIndex, 0, Shape.MAX_INTEGER);
        // Entry 0 has a key, and a second key for a licence log would give one licence a second history.
        uint64 next = _nextVrfIndex[logId];
        bool fits = next == 0 ? fromIndex == 0 : fromIndex >= next && log.logClass != LICENCE_LOG;
        if (!fits) revert WrongVrfIndex(logId, fromIndex);
        _nextVrfIndex[logId] = fromIndex + 1;
        emit VrfKeySet(logId, keyId, fromIndex);
    }

    /// @inheritdoc IAuthorityRegistry
    function setMode(LogId logId, string calldata licenceType, uint8 mode) external {
        Log storage log = _openLog(logId);
        bytes18 owner = log.owner;
        _requireOwner(owner);
        if (log.logClass != LICENCE_LOG) revert WrongClass(logId, log.logClass);
        _requireType(licenceType);
        Shape.requireRange(mode, 1, MODES);
        bytes32 typeHash = keccak256(bytes(licenceType));
        if (_modes[logId][typeHash] != 0) revert ModeTaken(logId, licenceType);
        LogId issuing = _issuingLogs[owner][typeHash];
        if (_isOpen(issuing)) revert ModeTaken(issuing, licenceType);
        _modes[logId][typeHash] = mode;
        _typesOf[logId].push(licenceType);
        _issuingLogs[owner][typeHash] = logId;
        _logsOfType[owner][typeHash].push(logId);
        emit ModeSet(logId, licenceType, mode);
    }

    // Views

    /// @inheritdoc IAuthorityRegistry
    function logOf(LogId logId) external view returns (Log memory) {
        return _knownLog(logId);
    }

    /// @inheritdoc IAuthorityRegistry
    function ownerAt(LogId logId, uint64 time) external view returns (bytes18) {
        Ownership[] storage ownerships = _ownerships[logId];
        for (uint256 i = ownerships.length; i > 0; i--) {
            if (ownerships[i - 1].since <= time) return ownerships[i - 1].owner;
        }
        return 0;
    }

    /// @inheritdoc IAuthorityRegistry
    function modeOf(LogId logId, string calldata licenceType) external view returns (uint8) {
        return _modes[logId][keccak256(bytes(licenceType))];
    }

    /// @inheritdoc IAuthorityRegistry
    function accountOf(LogId logId) external view returns (address) {
        return _authorities[_knownLog(logId).owner].account;
    }

    // Internals

    function _knownLog(LogId logId) internal view returns (Log storage log) {
        log = _logs[logId];
        if (log.logClass == 0) revert UnknownLog(logId);
    }

    function _openLog(LogId logId) private view returns (Log storage log) {
        log = _knownLog(logId);
        if (log.closedAt != OPEN) revert ClosedLog(logId, log.closedAt);
    }

    function _isOpen(LogId logId) internal view returns (bool) {
        return _logs[logId].closedAt == OPEN;
    }

    function _requireOwner(bytes18 code) private view {
        _livingAuthority(code);
        if (!_isAccountOf(code)) revert NotAllowed(msg.sender, code);
    }

    /// @dev `<consortium>/<code>/<name>`
    function _requireOrigin(bytes18 owner, bytes memory origin) private view {
        bytes memory head = bytes.concat(bytes(consortiumName), "/", owner, "/");
        bool fits = origin.length <= MAX_ORIGIN && Shape.isText(origin, head.length, 1, MAX_ORIGIN, Shape.NAME);
        for (uint256 i = 0; fits && i < head.length; i++) fits = origin[i] == head[i];
        if (!fits) revert BadOrigin(string(origin));
    }
}
