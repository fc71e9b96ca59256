// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAuthorityRegistry, KeyId, OPEN} from "../interfaces/IAuthorityRegistry.sol";
import {ISM2} from "../interfaces/ISM2.sol";
import {Shape} from "../libraries/Shape.sol";
import {Authorities} from "./Authorities.sol";

/// @title Key acts and proofs of possession (docs/formats.md, section 19)
/// @notice Each is bound to chain, registry and authority, and to its turn: the authority's count of key acts.
abstract contract KeyActs is Authorities {
    uint8 internal constant AUTHORITY_KEY = 1;
    uint8 private constant KEY_TYPES = 7;
    uint8 internal constant ADD = 1;
    uint8 internal constant RETIRE = 2;
    uint8 internal constant COMPROMISE = 3;
    bytes16 private constant KEY_ACT = "veritrail-kc-v1\n";
    bytes16 private constant POSSESSION = "veritrail-kp-v1\n";

    ISM2 private immutable SM2;

    mapping(KeyId => Key) internal _keys;

    constructor(ISM2 sm2) {
        if (block.chainid > Shape.MAX_INTEGER) revert BadNumber(block.chainid);
        SM2 = sm2;
    }

    // Views

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

    /// @dev The id of a key that nobody listed yet and that its holder showed to have.
    function _newKey(
        bytes18 code,
        uint8 keyType,
        bytes calldata publicKey,
        bytes calldata possession
    ) internal view returns (KeyId keyId) {
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

    function _pointOf(bytes calldata publicKey) internal pure returns (uint256 x, uint256 y) {
        return (uint256(bytes32(publicKey[1:33])), uint256(bytes32(publicKey[33:])));
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
    ) internal {
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
