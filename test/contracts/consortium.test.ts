import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { AbiCoder, keccak256 } from 'ethers';
import { Consortium__factory } from '../../chain/bindings/factories/Consortium__factory.ts';
import { AuthorityRegistry__factory } from '../../chain/bindings/factories/AuthorityRegistry__factory.ts';
import {
  CHAIN_ID,
  codeOf,
  DAY,
  eventsOf,
  NO_ACCOUNT,
  openChain,
  proposalIn,
  refusalOf,
  SECOND,
  Votes,
  ZERO,
  type Chain,
} from './consortium-fixture.ts';

const CALLS = Consortium__factory.createInterface();
const NEW = codeOf('NEWMEMBER000000000');

let chain: Chain;
let votes: Votes;
beforeEach(async () => {
  chain = await openChain();
  votes = await Votes.open(chain);
});
afterEach(() => chain.close());

/** A proposal that changes nothing: the thresholds stay as they are. */
const harmless = (): Promise<string> => votes.propose(votes.consortium, CALLS.encodeFunctionData('setThresholds', [3, 2]));
const events = async (name: string): Promise<unknown[][]> =>
  (await eventsOf(votes.consortium, name)).map((event) => event.args.toArray() as unknown[]);

describe('founding a consortium', () => {
  const found = (members: unknown[], threshold: number, suspension: number, unit = 1000): Promise<unknown> =>
    new Consortium__factory(votes.stranger).deploy(members as { code: string; account: string }[], threshold, suspension, unit);

  test('its members and thresholds stand in events and views', async () => {
    const members = Votes.membersOf(chain).map(({ code, account }) => [code, account]);
    expect(await votes.consortium.members()).to.deep.equal(members);
    expect(await events('MemberAdded')).to.deep.equal(members);
    expect(await votes.consortium.thresholds()).to.deep.equal([3n, 2n]);
    expect(await events('ThresholdsChanged')).to.deep.equal([[3n, 2n]]);
    expect(await votes.consortium.isMember(votes.members[4]!)).to.equal(true);
    expect(await votes.consortium.isMember(votes.stranger)).to.equal(false);
    expect(await votes.consortium.runningSince()).to.equal(0n);
    expect(await votes.consortium.msPerUnit()).to.equal(1000n);
  });

  test('refuses thresholds below two, above the members, or a suspension that takes more than a decision', async () => {
    const members = Votes.membersOf(chain);
    for (const [threshold, suspension] of [
      [1, 1],
      [2, 1],
      [6, 2],
      [3, 4],
      [0, 0],
    ] as const) {
      const refusal = await refusalOf(found(members, threshold, suspension));
      expect(refusal).to.deep.equal(['BadThreshold', BigInt(threshold), BigInt(suspension), 5n]);
    }
    expect(await refusalOf(found(members.slice(0, 1), 2, 2))).to.deep.equal(['BadThreshold', 2n, 2n, 1n]);
    expect(await refusalOf(found([], 2, 2))).to.deep.equal(['BadThreshold', 2n, 2n, 0n]);
    await found(members.slice(0, 2), 2, 2);
  });

  test('refuses a department or an account that comes twice, and members out of shape', async () => {
    const [first, second, third] = Votes.membersOf(chain) as [
      { code: string; account: string },
      ...{ code: string; account: string }[],
    ];
    for (const [member, want] of [
      [{ ...third!, code: first.code }, ['KnownMember', first.code, third!.account]],
      [{ ...third!, account: first.account }, ['KnownMember', third!.code, first.account]],
      [{ ...third!, code: `0x${'61'.repeat(18)}` }, ['BadCode', `0x${'61'.repeat(18)}`]],
      [{ ...third!, code: `0x${'00'.repeat(18)}` }, ['BadCode', `0x${'00'.repeat(18)}`]],
      [{ ...third!, account: NO_ACCOUNT }, ['ZeroAccount']],
    ] as const) {
      expect(await refusalOf(found([first, second, member], 2, 2))).to.deep.equal(want);
    }
  });

  test('refuses a unit of block time that gives no date between 2020 and 2100', async () => {
    expect((await refusalOf(found(Votes.membersOf(chain), 3, 2, 1)))[0]).to.equal('BadUnit');
  });
});

describe('a proposal', () => {
  test('has the approval of its proposer, and an id that binds chain, contract, number and call', async () => {
    const data = CALLS.encodeFunctionData('setThresholds', [4, 2]);
    const [target, expiresAt] = [await votes.consortium.getAddress(), chain.clock + DAY];
    const types = ['uint256', 'address', 'uint64', 'address', 'bytes', 'bool', 'uint64'];
    for (const number of [0n, 1n]) {
      const id = keccak256(AbiCoder.defaultAbiCoder().encode(types, [CHAIN_ID, target, number, target, data, false, expiresAt]));
      expect(await votes.propose(target, data, DAY)).to.equal(id);
      expect((await events('Proposed')).at(-1)).to.deep.equal([
        id,
        number,
        votes.members[0]!.address,
        target,
        data,
        false,
        BigInt(chain.clock),
        BigInt(expiresAt),
      ]);
      const proposal = [target, BigInt(chain.clock), BigInt(expiresAt), false, false, 1n];
      expect(await votes.consortium.proposalOf(id)).to.deep.equal(proposal);
    }
  });

  test('of another consortium or another chain is unknown here', async () => {
    const proposalId = await harmless();
    const other = await Votes.open(chain);
    expect(await refusalOf(other.as(1).approve(proposalId))).to.deep.equal(['UnknownProposal', proposalId]);
    const far = await openChain(777);
    try {
      const twin = await Votes.open(far);
      expect(await twin.consortium.getAddress()).to.equal(await votes.consortium.getAddress());
      const theirs = await twin.propose(twin.consortium, CALLS.encodeFunctionData('setThresholds', [3, 2]));
      expect(theirs).not.to.equal(proposalId);
      expect(await refusalOf(votes.as(1).approve(theirs))).to.deep.equal(['UnknownProposal', theirs]);
    } finally {
      await far.close();
    }
  });

  test('is made, approved, withdrawn and carried out by members alone', async () => {
    const proposalId = await harmless();
    const { consortium, stranger } = votes;
    const outside = consortium.connect(stranger);
    for (const call of [
      () => outside.propose(consortium, '0x', chain.clock + DAY),
      () => outside.proposeSuspension(consortium, ZERO, chain.clock + DAY),
      () => outside.approve(proposalId),
      () => outside.withdraw(proposalId),
      () => outside.execute(proposalId),
    ]) {
      expect(await refusalOf(call())).to.deep.equal(['NotMember', stranger.address]);
    }
  });

  test('expires later than the block, by at most 30 days', async () => {
    const now = chain.clock;
    for (const expiresIn of [-SECOND, 0, 30 * DAY + 1]) {
      const refusal = await refusalOf(votes.propose(votes.consortium, '0x', expiresIn));
      expect(refusal).to.deep.equal(['BadExpiry', BigInt(now + expiresIn), BigInt(now)]);
    }
    await votes.propose(votes.consortium, '0x', 30 * DAY);
    await votes.propose(votes.consortium, '0x', 1);
  });

  test('can be carried out until it expires, and then nothing can be done about it', async () => {
    const [begun, proposalId] = [chain.clock, await harmless()];
    const late = await harmless();
    await votes.approve(proposalId);
    await votes.approve(late);
    chain.clock = begun + 30 * DAY - SECOND;
    await votes.as(0).execute(proposalId);
    chain.clock = begun + 30 * DAY;
    for (const call of [() => votes.as(3).approve(late), () => votes.as(0).withdraw(late), () => votes.as(0).execute(late)]) {
      expect(await refusalOf(call())).to.deep.equal(['ExpiredProposal', late, BigInt(begun + 30 * DAY)]);
    }
  });

  test('is approved once by each member, who may take it back', async () => {
    const proposalId = await harmless();
    const { members } = votes;
    expect(await refusalOf(votes.as(0).approve(proposalId))).to.deep.equal(['ApprovedBefore', proposalId, members[0]!.address]);
    expect(await refusalOf(votes.as(1).withdraw(proposalId))).to.deep.equal(['NotApproved', proposalId, members[1]!.address]);
    await votes.as(1).approve(proposalId);
    await votes.as(0).withdraw(proposalId);
    expect((await votes.consortium.proposalOf(proposalId)).approvals).to.equal(1n);
    await votes.as(0).approve(proposalId);
    expect((await votes.consortium.proposalOf(proposalId)).approvals).to.equal(2n);
    expect(await events('Approved')).to.deep.equal([0, 1, 0].map((i) => [proposalId, members[i]!.address]));
    expect(await events('Withdrawn')).to.deep.equal([[proposalId, members[0]!.address]]);
  });

  test('is carried out once, by any member, when enough have approved', async () => {
    const proposalId = await harmless();
    await votes.as(1).approve(proposalId);
    expect(await refusalOf(votes.as(0).execute(proposalId))).to.deep.equal(['TooFewApprovals', proposalId, 2n, 3n]);
    await votes.as(2).approve(proposalId);
    await votes.as(4).execute(proposalId);
    expect(await events('Executed')).to.deep.equal([[proposalId, votes.members[4]!.address]]);
    expect((await votes.consortium.proposalOf(proposalId)).isExecuted).to.equal(true);
    for (const call of [
      () => votes.as(3).approve(proposalId),
      () => votes.as(0).withdraw(proposalId),
      () => votes.as(0).execute(proposalId),
    ]) {
      expect(await refusalOf(call())).to.deep.equal(['ExecutedProposal', proposalId]);
    }
  });

  test('that nobody made is unknown', async () => {
    for (const call of [
      () => votes.as(0).approve(ZERO),
      () => votes.as(0).withdraw(ZERO),
      () => votes.as(0).execute(ZERO),
      () => votes.consortium.proposalOf(ZERO),
    ]) {
      expect(await refusalOf(call())).to.deep.equal(['UnknownProposal', ZERO]);
    }
  });

  test('is not carried out where there is no contract', async () => {
    const proposalId = await votes.propose(votes.stranger, '0x');
    await votes.approve(proposalId);
    expect(await refusalOf(votes.as(0).execute(proposalId))).to.deep.equal(['NoContract', votes.stranger.address]);
  });

  test('passes on what the called contract refuses, and can be carried out later', async () => {
    const account = votes.stranger.address;
    const proposalId = await votes.propose(votes.consortium, CALLS.encodeFunctionData('removeMember', [account]));
    await votes.approve(proposalId);
    expect(await refusalOf(votes.as(0).execute(proposalId))).to.deep.equal(['NotMember', account]);
    expect((await votes.consortium.proposalOf(proposalId)).isExecuted).to.equal(false);
    await votes.reform('addMember', [NEW, account]);
    await votes.as(0).execute(proposalId);
    expect(await votes.consortium.isMember(account)).to.equal(false);
  });

  test('may not carry out another one', async () => {
    // The only contract at hand that is a member and calls execute: the consortium itself.
    const { consortium } = votes;
    await votes.reform('addMember', [NEW, await consortium.getAddress()]);
    const inner = await harmless();
    await votes.approve(inner);
    const outer = await votes.propose(consortium, CALLS.encodeFunctionData('execute', [inner]));
    await votes.approve(outer);
    expect(await refusalOf(votes.as(0).execute(outer))).to.deep.equal(['Running', outer]);
    await votes.as(0).execute(inner);
  });
});

describe('members and thresholds', () => {
  test('are changed by the consortium alone', async () => {
    const { members } = votes;
    for (const call of [
      () => votes.as(0).addMember(NEW, votes.stranger),
      () => votes.as(0).removeMember(members[1]!),
      () => votes.as(0).setThresholds(2, 2),
    ]) {
      expect(await refusalOf(call())).to.deep.equal(['NotConsortium', members[0]!.address]);
    }
  });

  test('a department has one seat, and may have another account once it left', async () => {
    const { members, stranger, consortium } = votes;
    const [first] = Votes.membersOf(chain);
    const twice = votes.reform('addMember', [first!.code, stranger.address]);
    expect(await refusalOf(twice)).to.deep.equal(['KnownMember', first!.code, stranger.address]);
    await votes.reform('removeMember', [members[0]!.address]);
    expect(await refusalOf(harmless())).to.deep.equal(['NotMember', members[0]!.address]);
    const proposal = await votes
      .as(1)
      .propose(consortium, CALLS.encodeFunctionData('addMember', [first!.code, stranger.address]), chain.clock + DAY);
    const proposalId = await proposalIn(proposal);
    for (const i of [2, 3]) await votes.as(i).approve(proposalId);
    await votes.as(1).execute(proposalId);
    expect(await events('MemberRemoved')).to.deep.equal([[first!.code, members[0]!.address]]);
    const seated = Object.fromEntries((await consortium.members()).map(({ code, account }) => [code, account]));
    expect(Object.keys(seated).length).to.equal(5);
    expect(seated[first!.code]).to.equal(stranger.address);
  });

  test("a removed member's approvals count no longer, also when it comes back", async () => {
    const { members } = votes;
    const proposalId = await harmless();
    await votes.as(3).approve(proposalId);
    await votes.as(4).approve(proposalId);
    await votes.reform('removeMember', [members[4]!.address]);
    expect(await refusalOf(votes.as(0).execute(proposalId))).to.deep.equal(['TooFewApprovals', proposalId, 2n, 3n]);
    await votes.reform('addMember', [Votes.membersOf(chain)[4]!.code, members[4]!.address]);
    expect((await votes.consortium.proposalOf(proposalId)).approvals).to.equal(2n);
    expect(await refusalOf(votes.as(4).withdraw(proposalId))).to.deep.equal(['NotApproved', proposalId, members[4]!.address]);
    await votes.as(4).approve(proposalId);
    await votes.as(0).execute(proposalId);
  });

  test('a higher threshold holds for open proposals too', async () => {
    const proposalId = await harmless();
    await votes.approve(proposalId);
    await votes.reform('setThresholds', [4, 2]);
    expect(await refusalOf(votes.as(0).execute(proposalId))).to.deep.equal(['TooFewApprovals', proposalId, 3n, 4n]);
  });

  test('never leave fewer members than the threshold: it is lowered first, and the last two stay', async () => {
    const leave = (i: number): Promise<void> => votes.reform('removeMember', [votes.members[i]!.address]);
    await leave(4);
    await leave(3);
    expect(await refusalOf(leave(2))).to.deep.equal(['BadThreshold', 3n, 2n, 2n]);
    expect(await refusalOf(votes.reform('setThresholds', [2, 1]))).to.deep.equal(['BadThreshold', 2n, 1n, 3n]);
    expect(await refusalOf(votes.reform('setThresholds', [4, 2]))).to.deep.equal(['BadThreshold', 4n, 2n, 3n]);
    expect(await refusalOf(votes.reform('setThresholds', [2, 3]))).to.deep.equal(['BadThreshold', 2n, 3n, 3n]);
    await votes.reform('setThresholds', [2, 2]);
    await leave(2);
    const last = votes.reform('removeMember', [votes.members[1]!.address], { approvals: 2 });
    expect(await refusalOf(last)).to.deep.equal(['BadThreshold', 2n, 2n, 1n]);
  });
});

describe('a proposal to suspend', () => {
  const suspension = async (target: Parameters<Votes['propose']>[0], keyId = ZERO): Promise<string> =>
    proposalIn(await votes.as(0).proposeSuspension(target, keyId, chain.clock + DAY));

  test('is one call and no other: suspendKey', async () => {
    const [keyId, target] = [keccak256('0x01'), votes.stranger.address];
    const proposalId = await suspension(target, keyId);
    const [event] = (await events('Proposed')) as [unknown[]];
    expect(event[4]).to.equal(AuthorityRegistry__factory.createInterface().encodeFunctionData('suspendKey', [keyId]));
    expect(event[5]).to.equal(true);
    expect((await votes.consortium.proposalOf(proposalId)).isSuspension).to.equal(true);
  });

  test('takes the smaller number of approvals, and does nothing to the consortium itself', async () => {
    const proposalId = await suspension(votes.consortium);
    expect(await refusalOf(votes.as(0).execute(proposalId))).to.deep.equal(['TooFewApprovals', proposalId, 1n, 2n]);
    await votes.as(1).approve(proposalId);
    const error = await votes
      .as(0)
      .execute(proposalId)
      .catch((refusal: unknown) => refusal);
    expect(error).to.be.instanceOf(Error);
    expect((await votes.consortium.proposalOf(proposalId)).isExecuted).to.equal(false);
  });
});
