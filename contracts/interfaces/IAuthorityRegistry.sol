// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice SM3 of a log's origin under its label. Opaque to the chain.
type LogId is bytes32;
/// @notice SM3 of a public key under its label. Opaque to the chain.
type KeyId is bytes32;
/// @dev No end yet.
uint64 constant OPEN = type(uint64).max;

/// @title The consortium's register of authorities, keys, scopes and logs
/// @notice Its full state can be rebuilt from its events alone. All times are UTC milliseconds. An authority's code is its
/// unified social credit code (GB 32100), 18 ASCII characters; a region is a GB/T 2260 code, 6 digits; a licence type is a
/// GB/T 36904 type code, 21 characters. Every integer is at most 2^53-1, or the largest uint64, which means "no end yet".
interface IAuthorityRegistry {
    struct Authority {
        bytes18 parent;
        address account;
    }

    struct Key {
        bytes18 code;
        uint8 keyType;
        uint64 validFrom;
        uint64 validTo;
        uint64 compromisedSince;
    }

    struct Log {
        bytes18 owner;
        uint8 logClass;
        uint64 closedAt;
    }

    /// @param parent Zero at the top.
    /// @param account The account that may anchor this authority's logs.
    event AuthorityRegistered(bytes18 indexed code, string name, string region, bytes18 parent, address account);
    event AccountChanged(bytes18 indexed code, address account);
    /// @param keyType 1 authority, 2 log, 3 document, 4 request, 5 witness, 6 trust, 7 vrf.
    /// @param publicKey 0x04 ‖ x ‖ y, 65 bytes.
    /// @param validFrom Never earlier than the block's time.
    event KeyAdded(bytes18 indexed code, KeyId indexed keyId, uint8 keyType, bytes publicKey, uint64 validFrom);
    event KeyRetired(KeyId indexed keyId, uint64 validTo);
    /// @notice May come again, with an earlier `since` only.
    event KeyCompromised(KeyId indexed keyId, uint64 since);
    /// @param validFrom Never earlier than the block's time.
    event ScopeGranted(
        bytes32 indexed scopeId,
        bytes18 indexed code,
        string licenceType,
        string region,
        uint64 validFrom,
        uint64 validTo
    );
    event ScopeEnded(bytes32 indexed scopeId, uint64 validTo);
    /// @param logClass 1 licence, 2 access, 3 seals.
    /// @param quantum Entry times are multiples of it, ms.
    /// @param beat A checkpoint is anchored this often, ms.
    /// @param promiseSpan The longest time between a promise and its deadline, ms.
    event LogRegistered(
        LogId indexed logId,
        bytes18 indexed owner,
        string origin,
        uint8 logClass,
        uint64 quantum,
        uint64 beat,
        uint64 promiseSpan
    );
    event LogClosed(LogId indexed logId, uint64 closedAt);
    /// @param fromIndex The first entry whose handle is made with this key.
    event VrfKeySet(LogId indexed logId, KeyId indexed keyId, uint64 fromIndex);
    /// @param mode 1 public, 2 private.
    event ModeSet(LogId indexed logId, string licenceType, uint8 mode);
    /// @notice The authority says that its logs hold all licences of this type since then. The last word counts.
    event CoverageDeclared(bytes18 indexed code, string licenceType, uint64 since);

    error NotAdmin(address sender);
    error BadText(string text);
    error BadNumber(uint256 value);
    error BadPublicKey(KeyId keyId);
    error ZeroAccount(bytes18 code);
    error UnknownAuthority(bytes18 code);
    error KnownAuthority(bytes18 code);
    error UnknownKey(KeyId keyId);
    error KnownKey(KeyId keyId);
    error EndedKey(KeyId keyId, uint64 validTo);
    error NotEarlier(KeyId keyId, uint64 have, uint64 got);
    error EmptyPeriod(uint64 validFrom, uint64 validTo);
    error UnknownScope(bytes32 scopeId);
    error EndedScope(bytes32 scopeId, uint64 validTo);
    error UnknownLog(LogId logId);
    error KnownLog(LogId logId, string origin);
    error ClosedLog(LogId logId, uint64 closedAt);
    error WrongClass(LogId logId, uint8 logClass);
    error ShortPromise(uint64 quantum, uint64 beat, uint64 promiseSpan);
    error WrongVrfKey(LogId logId, KeyId keyId);
    error WrongVrfIndex(LogId logId, uint64 fromIndex);
    error ModeTaken(LogId otherLogId, string licenceType);

    /// @notice Puts an authority under `parent`, which must exist, or at the top if it is zero.
    function registerAuthority(
        bytes18 code,
        string calldata name,
        string calldata region,
        bytes18 parent,
        address account
    ) external;

    /// @notice Names another account that may anchor the authority's logs from now on.
    function changeAccount(bytes18 code, address account) external;

    /// @notice Lists a key under one use for ever. A `validFrom` in the past counts as now.
    function addKey(bytes18 code, KeyId keyId, uint8 keyType, bytes calldata publicKey, uint64 validFrom) external;

    /// @notice Ends a key now, once.
    function retireKey(KeyId keyId) external;

    /// @notice Declares that nothing signed with the key since then can be trusted.
    function declareKeyCompromised(KeyId keyId, uint64 since) external;

    /// @notice Allows an authority to issue a type of licence in a region. A `validFrom` in the past counts as now.
    function grantScope(
        bytes18 code,
        string calldata licenceType,
        string calldata region,
        uint64 validFrom,
        uint64 validTo
    ) external returns (bytes32 scopeId);

    /// @notice Ends a scope now. One that has not begun never will.
    function endScope(bytes32 scopeId) external;

    /// @notice Registers a log for ever under an origin nobody had before. A promise must outlast one quantum and two beats.
    function registerLog(
        LogId logId,
        bytes18 owner,
        string calldata origin,
        uint8 logClass,
        uint64 quantum,
        uint64 beat,
        uint64 promiseSpan
    ) external;

    /// @notice Ends a log now. It takes no anchor any more, and its owner may open another for the same licence types.
    function closeLog(LogId logId) external;

    /// @notice Sets the key that makes a log's handles from an entry on: the first from entry 0, each further one from a later
    /// entry. A licence log has one for ever, a seals log none.
    function setVrfKey(LogId logId, KeyId keyId, uint64 fromIndex) external;

    /// @notice Fixes, once for a licence log and type, how its histories are named. An owner has one open log for a type.
    function setMode(LogId logId, string calldata licenceType, uint8 mode) external;

    function declareCoverage(bytes18 code, string calldata licenceType, uint64 since) external;

    /// @notice The one account that may write here.
    function admin() external view returns (address);

    /// @notice Milliseconds in one unit of this chain's block timestamps.
    function msPerUnit() external view returns (uint64);

    function authorityOf(bytes18 code) external view returns (Authority memory);

    function keyOf(KeyId keyId) external view returns (Key memory);

    function logOf(LogId logId) external view returns (Log memory);

    /// @notice Zero while no mode is set.
    function modeOf(LogId logId, string calldata licenceType) external view returns (uint8);

    /// @notice The account that may anchor this log: its owner's.
    function accountOf(LogId logId) external view returns (address);

    function isOpen(LogId logId) external view returns (bool);
}
