// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The members of the consortium, and what they decide together
/// @notice Nothing here is done by one member alone: a proposal is a call that runs once as many members as the threshold says
/// have approved it, before it expires. Its number stands in no call, its id binds chain, contract, number and call. All times
/// are UTC milliseconds.
interface IConsortium {
    /// @param code The member's unified social credit code (GB 32100): a department has one vote.
    /// @param account The account it votes with.
    struct Member {
        bytes18 code;
        address account;
    }

    /// @param isSuspension It only suspends a key, and needs the smaller number of approvals.
    struct Proposal {
        address target;
        uint64 proposedAt;
        uint64 expiresAt;
        bool isSuspension;
        bool isExecuted;
        uint32 approvals;
    }

    event MemberAdded(bytes18 indexed code, address indexed account);
    event MemberRemoved(bytes18 indexed code, address indexed account);
    /// @param threshold Approvals that a proposal needs.
    /// @param suspensionThreshold Approvals that the suspension of a key needs.
    event ThresholdsChanged(uint32 threshold, uint32 suspensionThreshold);
    event Proposed(
        bytes32 indexed proposalId,
        uint64 indexed number,
        address indexed proposer,
        address target,
        bytes data,
        bool isSuspension,
        uint64 proposedAt,
        uint64 expiresAt
    );
    event Approved(bytes32 indexed proposalId, address indexed member);
    event Withdrawn(bytes32 indexed proposalId, address indexed member);
    event Executed(bytes32 indexed proposalId, address indexed member);

    error NotMember(address account);
    error NotConsortium(address sender);
    error BadCode(bytes18 code);
    error ZeroAccount();
    error KnownMember(bytes18 code, address account);
    /// @notice At least two members decide, never more than there are, and a suspension takes no more than a decision.
    error BadThreshold(uint32 threshold, uint32 suspensionThreshold, uint256 members);
    error BadExpiry(uint64 expiresAt, uint64 blockTime);
    error UnknownProposal(bytes32 proposalId);
    error ExecutedProposal(bytes32 proposalId);
    error ExpiredProposal(bytes32 proposalId, uint64 expiresAt);
    error ApprovedBefore(bytes32 proposalId, address member);
    error NotApproved(bytes32 proposalId, address member);
    error TooFewApprovals(bytes32 proposalId, uint32 approvals, uint32 needed);
    error NoContract(address target);
    /// @notice A proposal runs alone: its call may not run another.
    error Running(bytes32 proposalId);

    // Members

    /// @notice Puts a call to the vote, with the proposer's approval.
    /// @param expiresAt Later than the block, by at most 30 days.
    function propose(address target, bytes calldata data, uint64 expiresAt) external returns (bytes32 proposalId);

    /// @notice Puts to the vote that `registry` suspends a key: `suspendKey(keyId)`.
    function proposeSuspension(address registry, bytes32 keyId, uint64 expiresAt) external returns (bytes32 proposalId);

    /// @notice Counts as long as the member stays; one that left and came again approves anew.
    function approve(bytes32 proposalId) external;

    /// @notice Takes one's own approval back.
    function withdraw(bytes32 proposalId) external;

    /// @notice Runs a proposal once. What the called contract refuses is passed on, and the proposal may be run later.
    function execute(bytes32 proposalId) external;

    // The consortium itself, by proposal

    function addMember(bytes18 code, address account) external;

    /// @notice Removes a member. Its approvals of open proposals count no longer. Where fewer members than the threshold would
    /// be left, the thresholds are to be lowered first; the last two stay.
    function removeMember(address account) external;

    function setThresholds(uint32 threshold, uint32 suspensionThreshold) external;

    // Views

    function isMember(address account) external view returns (bool);

    function members() external view returns (Member[] memory);

    function thresholds() external view returns (uint32 threshold, uint32 suspensionThreshold);

    /// @notice Approvals are those of present members.
    function proposalOf(bytes32 proposalId) external view returns (Proposal memory);

    /// @notice When the proposal was made whose call runs at this moment; zero when none runs. What must be public for a while
    /// before it may be done asks this.
    function runningSince() external view returns (uint64);

    /// @notice Milliseconds in one unit of this chain's block timestamps.
    function msPerUnit() external view returns (uint64);
}
