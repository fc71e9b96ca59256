// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAuthorityRegistry, KeyId, OPEN} from "../interfaces/IAuthorityRegistry.sol";
import {Shape} from "../libraries/Shape.sol";
import {KeyActs} from "./KeyActs.sol";

/// @title The authorities' keys: listed, retired, lost, suspended
abstract contract Keys is KeyActs {
    uint64 private constant SUSPENSION = 7 days * 1000;

    mapping(KeyId => bool) private _wasSuspended;
    /// @dev Once an authority had an authority key, the consortium waits before it changes the authority's keys.
    mapping(bytes18 code => bool) private _hadAuthorityKey;

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

    // Internals

    function _requireNotEnded(KeyId keyId) private view {
        uint64 end = _endOf(keyId);
        if (end <= _blockTime()) revert EndedKey(keyId, end);
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
}
