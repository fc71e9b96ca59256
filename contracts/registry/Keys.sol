// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAuthorityRegistry, KeyId, OPEN} from "../interfaces/IAuthorityRegistry.sol";
import {ISM2} from "../interfaces/ISM2.sol";
import {Shape} from "../libraries/Shape.sol";
import {Authorities} from "./Authorities.sol";

/// @title The authorities' keys, and the key acts that change them
abstract contract Keys is Authorities {
    uint8 private constant AUTHORITY_KEY = 1;
    uint8 private constant KEY_TYPES = 7;
    uint8 private constant ADD = 1;
    uint8 private constant RETIRE = 2;
    uint8 private constant COMPROMISE = 3;
    uint64 private constant SUSPENSION = 7 days * 1000;
    bytes16 private constant KEY_ACT = "veritrail-kc-v1\n";
    bytes16 private constant POSSESSION = "veritrail-kp-v1\n";

    ISM2 private immutable SM2;

    mapping(KeyId => Key) private _keys;
    mapping(KeyId => bool) private _wasSuspended;
    /// @dev Once an authority had an authority key, the consortium waits before it changes the authority's keys.
    mapping(bytes18 code => bool) private _hadAuthorityKey;

    constructor(ISM2 sm2) {
        if (block.chainid > Shape.MAX_INTEGER) revert BadNumber(block.chainid);
        SM2 = sm2;
    }

    // By signature

    /// @inheritdoc IAuthorityRegistry
    function addKey(
        bytes18 code,
        uint8 keyType,
        bytes calldata publicKey,
        uint64 validFrom,
        bytes calldata possession,
        KeyId signer,
        bytes calldata actSignature
    ) external {
        KeyId keyId = _newKey(code, keyType, publicKey, possession);
        _requireKeyAct(code, ADD, keyType, keyId, validFrom, signer, actSignature);
        _listKey(code, keyType, keyId, publicKey, validFrom, signer);
    }

    /// @inheritdoc IAuthorityRegistry
    function retireKey(KeyId keyId, KeyId signer, bytes calldata actSignature) external {
        Key storage key = _knownKey(keyId);
        _requireKeyAct(key.code, RETIRE, key.keyType, keyId, 0, signer, actSignature);
        _retireKey(keyId, signer);
    }

    /// @inheritdoc IAuthorityRegistry
    function declareKeyCompromised(KeyId keyId, uint64 since, KeyId signer, bytes calldata actSignature) external {
        Key storage key = _knownKey(keyId);
        _requireKeyAct(key.code, COMPROMISE, key.keyType, keyId, since, signer, actSignature);
        _declareKeyCompromised(keyId, since, signer);
    }

    // By the consortium

    /// @inheritdoc IAuthorityRegistry
    function addKeyByQuorum(
        bytes18 code,
        uint8 keyType,
        bytes calldata publicKey,
        uint64 validFrom,
        bytes calldata possession
    ) external onlyConsortium {
        if (_hadAuthorityKey[code]) _requireDelay();
        KeyId keyId = _newKey(code, keyType, publicKey, possession);
        _authorities[code].keyActs++;
        _listKey(code, keyType, keyId, publicKey, validFrom, KeyId.wrap(0));
    }

    /// @inheritdoc IAuthorityRegistry
    function retireKeyByQuorum(KeyId keyId) external onlyConsortium {
        _requireDelay();
        _authorities[_knownKey(keyId).code].keyActs++;
        _retireKey(keyId, KeyId.wrap(0));
    }

    /// @inheritdoc IAuthorityRegistry
    function declareKeyCompromisedByQuorum(KeyId keyId, uint64 since) external onlyConsortium {
        _requireDelay();
        _authorities[_knownKey(keyId).code].keyActs++;
        _declareKeyCompromised(keyId, since, KeyId.wrap(0));
    }

    /// @inheritdoc IAuthorityRegistry
    function suspendKey(KeyId keyId) external onlyConsortium {
        if (_wasSuspended[keyId]) revert SuspendedBefore(keyId, _keys[keyId].suspendedUntil);
        suspendKeyAgain(keyId);
    }

    /// @inheritdoc IAuthorityRegistry
    function suspendKeyAgain(KeyId keyId) public onlyConsortium {
        Key storage key = _knownKey(keyId);
        _requireNotEnded(keyId);
        key.suspendedUntil = _blockTime() + SUSPENSION;
        _wasSuspended[keyId] = true;
        emit KeySuspended(keyId, _blockTime(), key.suspendedUntil);
    }

    /// @inheritdoc IAuthorityRegistry
    function liftSuspension(KeyId keyId) external onlyConsortium {
        if (!_isSuspended(_knownKey(keyId))) revert NotSuspended(keyId);
        _keys[keyId].suspendedUntil = 0;
        emit KeySuspended(keyId, _blockTime(), 0);
    }

    // Views

    /// @inheritdoc IAuthorityRegistry
    function keyOf(KeyId keyId) external view returns (Key memory) {
        return _knownKey(keyId);
    }

    /// @inheritdoc IAuthorityRegistry
    function isValidAt(KeyId keyId, uint64 time) public view returns (bool) {
        return time >= _knownKey(keyId).validFrom && time < _endOf(keyId);
    }

    // Internals

    function _knownKey(KeyId keyId) internal view returns (Key storage key) {
        key = _keys[keyId];
        if (key.keyType == 0) revert UnknownKey(keyId);
    }

    /// @dev Retired, or its authority dissolved, whichever was first.
    function _endOf(KeyId keyId) internal view returns (uint64) {
        Key storage key = _keys[keyId];
        return _earlier(key.validTo, _authorities[key.code].dissolvedAt);
    }

    function _isSuspended(Key storage key) internal view returns (bool) {
        return key.suspendedUntil > _blockTime();
    }

    function _requireNotEnded(KeyId keyId) private view {
        uint64 end = _endOf(keyId);
        if (end <= _blockTime()) revert EndedKey(keyId, end);
    }

    /// @dev The id of a key that nobody listed yet and that its holder showed to have.
    function _newKey(
        bytes18 code,
        uint8 keyType,
        bytes calldata publicKey,
        bytes calldata possession
    ) private view returns (KeyId keyId) {
        _livingAuthority(code);
        Shape.requireRange(keyType, 1, KEY_TYPES);
        if (publicKey.length != 65 || publicKey[0] != 0x04) revert BadPublicKey(publicKey.length);
        (uint256 x, uint256 y) = _pointOf(publicKey);
        if (!SM2.isOnCurve(x, y)) revert OffCurve(x, y);
        keyId = KeyId.wrap(SM2.keyIdOf(x, y));
        if (_keys[keyId].keyType != 0) revert KnownKey(keyId);
        bytes memory message = bytes.concat(_actHead(POSSESSION, code), bytes1(keyType), publicKey);
        if (!SM2.isSignature(x, y, message, possession)) revert NoPossession(keyId);
    }

    function _pointOf(bytes calldata publicKey) private pure returns (uint256 x, uint256 y) {
        return (uint256(bytes32(publicKey[1:33])), uint256(bytes32(publicKey[33:])));
    }

    function _listKey(
        bytes18 code,
        uint8 keyType,
        KeyId keyId,
        bytes calldata publicKey,
        uint64 validFrom,
        KeyId signer
    ) private {
        validFrom = _notPast(validFrom);
        (uint256 x, uint256 y) = _pointOf(publicKey);
        _keys[keyId] = Key(code, keyType, validFrom, OPEN, OPEN, 0, x, y);
        if (keyType == AUTHORITY_KEY) _hadAuthorityKey[code] = true;
        emit KeyAdded(code, keyId, keyType, publicKey, validFrom, signer);
    }

    function _retireKey(KeyId keyId, KeyId signer) private {
        _requireNotEnded(keyId);
        (Key storage key, uint64 validTo) = (_keys[keyId], _blockTime());
        if (validTo <= key.validFrom) revert EmptyPeriod(key.validFrom, validTo);
        key.validTo = validTo;
        emit KeyRetired(keyId, validTo, signer);
    }

    function _declareKeyCompromised(KeyId keyId, uint64 since, KeyId signer) private {
        Key storage key = _keys[keyId];
        Shape.requireRange(since, 0, _blockTime());
        if (since >= key.compromisedSince) revert NotEarlier(keyId, key.compromisedSince, since);
        key.compromisedSince = since;
        emit KeyCompromised(keyId, since, signer);
    }

    /// @dev Takes the act's nonce. Who signs is an authority key, in force now, of `code` or of its present parent.
    function _requireKeyAct(
        bytes18 code,
        uint8 act,
        uint8 keyType,
        KeyId keyId,
        uint64 date,
        KeyId signer,
        bytes calldata signature
    ) private {
        Authority storage authority = _authorities[code];
        Key storage key = _knownKey(signer);
        bool isOfficer = key.code == code || key.code == authority.parent;
        // Whoever has lost a key, and it is suspended therefore, must be able to say since when.
        bool mayUseIt = !_isSuspended(key) || (act == COMPROMISE && KeyId.unwrap(keyId) == KeyId.unwrap(signer));
        bool counts = key.keyType == AUTHORITY_KEY && key.compromisedSince == OPEN && isValidAt(signer, _blockTime());
        if (!isOfficer || !mayUseIt || !counts) revert WrongSigner(code, signer);
        bytes memory message = abi.encodePacked(_actHead(KEY_ACT, code), act, keyType, keyId, date);
        uint64 nonce = authority.keyActs++;
        if (!SM2.isSignature(key.x, key.y, message, signature)) revert BadKeyAct(code, signer, nonce);
    }

    /// @dev What binds an act to this registry, its authority and its turn.
    function _actHead(bytes16 label, bytes18 code) private view returns (bytes memory) {
        return abi.encodePacked(label, uint64(block.chainid), address(this), code, _authorities[code].keyActs);
    }
}
