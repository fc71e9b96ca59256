// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "./IConsortium.sol";

/// @notice SM3 of a log's origin under its label.
type LogId is bytes32;
/// @notice SM3 of a public key under its label.
type KeyId is bytes32;
/// @notice Names a scope or a duty.
type GrantId is bytes32;
/// @dev No end yet.
uint64 constant OPEN = type(uint64).max;

/// @title The consortium's register of authorities, keys, scopes, duties and logs
/// @notice Its full state can be rebuilt from its events alone. All times are UTC milliseconds. An authority's code is its
/// unified social credit code (GB 32100), 18 ASCII characters; a region is a GB/T 2260 code, 6 digits; a licence type is a
/// GB/T 36904 type code, 21 characters. Every integer is at most 2^53-1, or the largest uint64, which means "no end yet".
///
/// Who may do what: an authority's account acts for it; its parent's account grants, registers below it and moves functions
/// between its children; the consortium does what nobody is above of. Keys change by SM2 signature alone (a key act,
/// docs/formats.md §19), by whoever carries it here, or by the consortium once its proposal has been public for the delay.
interface IAuthorityRegistry {
    /// @param parent Zero at the top.
    /// @param account Acts for the authority; anchors its logs.
    /// @param keyActs Counts its key acts: the nonce of the next.
    /// @param openLogs Logs that it owns and that are not closed.
    /// @param dissolvedAt From then on nothing of it counts: keys, scopes and duties have ended.
    struct Authority {
        bytes18 parent;
        address account;
        uint64 keyActs;
        uint32 openLogs;
        uint64 dissolvedAt;
    }

    struct Key {
        bytes18 code;
        uint8 keyType;
        uint64 validFrom;
        uint64 validTo;
        uint64 compromisedSince;
        uint64 suspendedUntil;
        uint256 x;
        uint256 y;
    }

    /// @param closedByOwner Closed by its own authority, which then stands by its last anchor.
    struct Log {
        bytes18 owner;
        uint8 logClass;
        bool closedByOwner;
        uint64 closedAt;
        uint64 registeredAt;
        uint64 beat;
        uint64 promiseSpan;
    }

    /// @param code Who holds it.
    /// @param parent The grant that it is part of; zero for one that the consortium gave.
    struct Grant {
        bytes18 code;
        bool isDuty;
        uint64 validFrom;
        uint64 validTo;
        GrantId parent;
    }

    /// @notice What moves to one successor.
    /// @param licenceTypes All types that the named licence logs hold, and no other.
    struct Share {
        bytes18 successor;
        LogId[] logs;
        string[] licenceTypes;
    }

    event AuthorityRegistered(bytes18 indexed code, string name, string region, bytes18 parent, address account);
    event AccountChanged(bytes18 indexed code, address account);
    event ParentChanged(bytes18 indexed code, bytes18 parent);
    /// @param keyType 1 authority, 2 log, 3 document, 4 request, 5 witness, 6 trust, 7 vrf.
    /// @param publicKey 0x04 ‖ x ‖ y, 65 bytes.
    /// @param validFrom Never earlier than the block's time.
    /// @param signer The authority key that signed the key act; zero where the consortium decided.
    event KeyAdded(
        bytes18 indexed code,
        KeyId indexed keyId,
        uint8 keyType,
        bytes publicKey,
        uint64 validFrom,
        KeyId signer
    );
    event KeyRetired(KeyId indexed keyId, uint64 validTo, KeyId signer);
    /// @notice May come again, with an earlier `since` only.
    event KeyCompromised(KeyId indexed keyId, uint64 since, KeyId signer);
    /// @notice Perhaps lost: until then what it signs counts nowhere. Zero: the suspension is lifted.
    event KeySuspended(KeyId indexed keyId, uint64 suspendedAt, uint64 suspendedUntil);
    /// @param validFrom Never earlier than the block's time.
    /// @param parentId The grantor's own scope that it is part of; zero for one that the consortium gave.
    event ScopeGranted(
        GrantId indexed scopeId,
        bytes18 indexed code,
        string licenceType,
        string region,
        uint64 validFrom,
        uint64 validTo,
        GrantId parentId
    );
    event ScopeEnded(GrantId indexed scopeId, uint64 validTo);
    /// @param purpose What data may be read for: lower-case letters, digits, '.' and '-', at most 64.
    event DutyGranted(
        GrantId indexed dutyId,
        bytes18 indexed code,
        string purpose,
        uint64 validFrom,
        uint64 validTo,
        GrantId parentId
    );
    event DutyEnded(GrantId indexed dutyId, uint64 validTo);
    /// @param logClass 1 licence, 2 access, 3 seals.
    /// @param quantum Entry times are multiples of it, ms.
    /// @param beat A checkpoint is anchored this often, ms.
    /// @param promiseSpan The longest time between a promise and its deadline, ms.
    /// @param term A seal is overdue after it, ms; zero but for a seals log.
    event LogRegistered(
        LogId indexed logId,
        bytes18 indexed owner,
        string origin,
        uint8 logClass,
        uint64 quantum,
        uint64 beat,
        uint64 promiseSpan,
        uint64 term
    );
    event LogClosed(LogId indexed logId, uint64 closedAt, bool byOwner);
    /// @param fromIndex The first entry whose handle is made with this key.
    event VrfKeySet(LogId indexed logId, KeyId indexed keyId, uint64 fromIndex);
    /// @param mode 1 public, 2 private.
    event ModeSet(LogId indexed logId, string licenceType, uint8 mode);
    /// @notice The authority says that its logs hold all licences of this type since then. The last word counts.
    event CoverageDeclared(bytes18 indexed code, string licenceType, uint64 since);
    /// @notice From this block on the logs, and with them the function, are the successor's.
    event FunctionMoved(bytes18 indexed code, bytes18 indexed successor, LogId[] logs, string[] licenceTypes, uint64 movedAt);
    event AuthorityDissolved(bytes18 indexed code, uint64 dissolvedAt);

    error NotAllowed(address sender, bytes18 code);
    error NotConsortium(address sender);
    error TooEarly(uint64 proposedAt, uint64 allowedAt);
    error BadText(string text);
    error BadNumber(uint256 value);
    error BadPublicKey(uint256 length);
    error OffCurve(uint256 x, uint256 y);
    error NoPossession(KeyId keyId);
    error BadKeyAct(bytes18 code, KeyId signer, uint64 nonce);
    error WrongSigner(bytes18 code, KeyId signer);
    error ZeroAccount(bytes18 code);
    error UnknownAuthority(bytes18 code);
    error KnownAuthority(bytes18 code);
    error DissolvedAuthority(bytes18 code, uint64 dissolvedAt);
    error BadParent(bytes18 code, bytes18 parent);
    error UnknownKey(KeyId keyId);
    error KnownKey(KeyId keyId);
    error EndedKey(KeyId keyId, uint64 validTo);
    error NotEarlier(KeyId keyId, uint64 have, uint64 got);
    error SuspendedBefore(KeyId keyId, uint64 suspendedUntil);
    error NotSuspended(KeyId keyId);
    error EmptyPeriod(uint64 validFrom, uint64 validTo);
    error UnknownGrant(GrantId grantId);
    error EndedGrant(GrantId grantId, uint64 validTo);
    error OverlappingGrant(GrantId grantId, uint64 validTo);
    /// @notice The grantor's own scope or duty does not cover it: another holder, type, region or purpose, or a shorter period.
    error BeyondGrant(GrantId parentId);
    error BadOrigin(string origin);
    error UnknownLog(LogId logId);
    error KnownLog(LogId logId, string origin);
    error ClosedLog(LogId logId, uint64 closedAt);
    error WrongClass(LogId logId, uint8 logClass);
    error ShortPromise(uint64 quantum, uint64 beat, uint64 promiseSpan);
    error WrongVrfKey(LogId logId, KeyId keyId);
    error WrongVrfIndex(LogId logId, uint64 fromIndex);
    error ModeTaken(LogId otherLogId, string licenceType);
    error NotOwner(LogId logId, bytes18 code);
    /// @notice The log would hold types of two authorities: it holds this type, which is not to move.
    error TypeStays(LogId logId, string licenceType);
    /// @notice The type is to move, and this log, open and with histories of it, is not.
    error LogStays(LogId logId, string licenceType);
    error OwnSuccessor(bytes18 code);
    error OpenLogs(bytes18 code, uint32 openLogs);

    // Authorities

    /// @notice Puts an authority under `parent`, by the parent's account; at the top, where `parent` is zero, or anywhere, by
    /// the consortium.
    function registerAuthority(
        bytes18 code,
        string calldata name,
        string calldata region,
        bytes18 parent,
        address account
    ) external;

    /// @notice Names another account that acts for the authority: by its account, its parent's, or the consortium after the delay.
    function changeAccount(bytes18 code, address account) external;

    /// @notice Puts an authority under another parent, by the consortium. No circles.
    function changeParent(bytes18 code, bytes18 parent) external;

    // Keys

    /// @notice Lists a key under one use for ever. A `validFrom` in the past counts as now.
    /// @param possession Signature by the new key itself, of the possession bytes.
    /// @param signer An authority key of `code` or of its parent, valid, not compromised and not suspended in this block.
    /// @param actSignature Its signature of the key act.
    function addKey(
        bytes18 code,
        uint8 keyType,
        bytes calldata publicKey,
        uint64 validFrom,
        bytes calldata possession,
        KeyId signer,
        bytes calldata actSignature
    ) external;

    /// @notice By the consortium, after the delay; at once where the authority never had an authority key.
    function addKeyByQuorum(
        bytes18 code,
        uint8 keyType,
        bytes calldata publicKey,
        uint64 validFrom,
        bytes calldata possession
    ) external;

    /// @notice Ends a key now, once. The act's date is 0.
    function retireKey(KeyId keyId, KeyId signer, bytes calldata actSignature) external;

    /// @notice By the consortium, after the delay.
    function retireKeyByQuorum(KeyId keyId) external;

    /// @notice Declares that nothing signed with the key since then can be trusted. A key may declare itself lost.
    function declareKeyCompromised(KeyId keyId, uint64 since, KeyId signer, bytes calldata actSignature) external;

    /// @notice By the consortium, after the delay: a suspension bridges it.
    function declareKeyCompromisedByQuorum(KeyId keyId, uint64 since) external;

    /// @notice For 7 days, once for a key: by the consortium, with fewer approvals than it else needs.
    function suspendKey(KeyId keyId) external;

    /// @notice For 7 days from now, as often as the whole quorum wants it.
    function suspendKeyAgain(KeyId keyId) external;

    /// @notice By the consortium.
    function liftSuspension(KeyId keyId) external;

    // Scopes, duties and coverage

    /// @notice Allows an authority to issue a type of licence in a region: by its parent's account, as a part of the parent's
    /// own scope `parentId`; by the consortium with `parentId` zero. A `validFrom` in the past counts as now. A scope holds
    /// only while all that it is part of hold. Scopes of one holder, type and region follow one another: a further one
    /// begins when the last has ended, or later.
    function grantScope(
        bytes18 code,
        string calldata licenceType,
        string calldata region,
        uint64 validFrom,
        uint64 validTo,
        GrantId parentId
    ) external returns (GrantId scopeId);

    /// @notice Allows an authority to read data for a purpose. As `grantScope`.
    function grantDuty(
        bytes18 code,
        string calldata purpose,
        uint64 validFrom,
        uint64 validTo,
        GrantId parentId
    ) external returns (GrantId dutyId);

    /// @notice Ends a scope or duty now: by whoever may grant it, or the consortium. One that has not begun never will.
    function endGrant(GrantId grantId) external;

    /// @notice By the authority's account.
    function declareCoverage(bytes18 code, string calldata licenceType, uint64 since) external;

    // Logs, by their owner's account

    /// @notice Registers a log for ever under an origin nobody had before: `<consortium>/<code>/<name>`. A promise must outlast
    /// one quantum and two beats.
    function registerLog(
        bytes18 owner,
        string calldata origin,
        uint8 logClass,
        uint64 quantum,
        uint64 beat,
        uint64 promiseSpan,
        uint64 term
    ) external returns (LogId logId);

    /// @notice Ends a log now, by its owner's account or the consortium. It takes no anchor any more, and its owner may open
    /// another for the same licence types.
    function closeLog(LogId logId) external;

    /// @notice Sets the key that makes a log's handles from an entry on: the first from entry 0, each further one from a later
    /// entry. A licence log has one for ever, a seals log none.
    function setVrfKey(LogId logId, KeyId keyId, uint64 fromIndex) external;

    /// @notice Fixes, once for a licence log and type, how its histories are named. An owner has one open log for a type.
    function setMode(LogId logId, string calldata licenceType, uint8 mode) external;

    // Succession

    /// @notice Moves functions: merge (one share, dissolving), split (several, dissolving) or transfer of a part. By the
    /// consortium, or by the account of an authority that is the parent of all concerned. Logs go whole and unchanged; scopes
    /// and duties do not go along. A type goes with all open logs that hold it; a closed log may go too, and takes no type
    /// along. Where the successor has an open log of its own for a type, it goes on issuing there.
    /// @param dissolves The authority then owns no open log, and ends.
    function recordSuccession(bytes18 code, Share[] calldata shares, bool dissolves) external;

    // Views

    function consortium() external view returns (IConsortium);

    /// @notice First part of every origin.
    function consortiumName() external view returns (string memory);

    /// @notice Milliseconds that a proposal about an existing authority's keys must have been public.
    function publicDelay() external view returns (uint64);

    /// @notice Milliseconds in one unit of this chain's block timestamps.
    function msPerUnit() external view returns (uint64);

    function authorityOf(bytes18 code) external view returns (Authority memory);

    function keyOf(KeyId keyId) external view returns (Key memory);

    /// @notice True if the key counts for what was signed at `time`: listed then, not retired by then, its authority not
    /// dissolved by then. Whether it was lost, `keyOf` says.
    function isValidAt(KeyId keyId, uint64 time) external view returns (bool);

    function grantOf(GrantId grantId) external view returns (Grant memory);

    function logOf(LogId logId) external view returns (Log memory);

    /// @notice The authority whose log it was at that time; zero before its registration.
    function ownerAt(LogId logId, uint64 time) external view returns (bytes18);

    /// @notice Zero while no mode is set.
    function modeOf(LogId logId, string calldata licenceType) external view returns (uint8);

    /// @notice The account that may anchor this log: its present owner's.
    function accountOf(LogId logId) external view returns (address);
}
