/** What registry and consortium answer, from their events alone: written anew here, without a word of the contracts. */
import { expect } from 'chai';
import type { EventLog } from 'ethers';
import { eventsOf, NO_CODE, OPEN, SECOND, TYPE, TYPE_2, TYPE_3, ZERO, type World } from '../contracts/consortium-fixture.ts';

export const TYPES = [TYPE, TYPE_2, TYPE_3];

/** An event and the time of its block, UTC ms. */
class Happened {
  readonly name: string;
  readonly at: bigint;
  readonly #fields: Record<string, unknown>;

  constructor({ eventName, args }: EventLog, blockTime: bigint) {
    this.name = eventName;
    this.at = blockTime;
    this.#fields = args.toObject() as Record<string, unknown>;
  }

  text(name: string): string {
    return this.#fields[name] as string;
  }

  number(name: string): bigint {
    return this.#fields[name] as bigint;
  }

  flag(name: string): boolean {
    return this.#fields[name] as boolean;
  }

  list(name: string): string[] {
    return [...(this.#fields[name] as Iterable<string>)];
  }
}

interface AuthorityState {
  parent: string;
  account: string;
  keyActs: bigint;
  openLogs: bigint;
  dissolvedAt: bigint;
}
interface KeyState {
  code: string;
  keyType: bigint;
  validFrom: bigint;
  validTo: bigint;
  compromisedSince: bigint;
  suspendedUntil: bigint;
  x: bigint;
  y: bigint;
}
interface LogState {
  owner: string;
  logClass: bigint;
  closedByOwner: boolean;
  closedAt: bigint;
  registeredAt: bigint;
  beat: bigint;
  promiseSpan: bigint;
}
interface GrantState {
  code: string;
  isDuty: boolean;
  validFrom: bigint;
  validTo: bigint;
  parent: string;
}

/** The registry as its events tell it. */
class Registry {
  readonly authorities = new Map<string, AuthorityState>();
  readonly keys = new Map<string, KeyState>();
  readonly logs = new Map<string, LogState>();
  readonly owners = new Map<string, { since: bigint; owner: string }[]>();
  readonly modes = new Map<string, Map<string, bigint>>();
  readonly grants = new Map<string, GrantState & { what: string }>();

  apply(e: Happened): void {
    const authority = this.authorities.get(e.text('code'));
    const key = this.keys.get(e.text('keyId'));
    const log = this.logs.get(e.text('logId'));
    const open = { validTo: OPEN, compromisedSince: OPEN, suspendedUntil: 0n };
    switch (e.name) {
      case 'AuthorityRegistered':
        this.authorities.set(e.text('code'), {
          parent: e.text('parent'),
          account: e.text('account'),
          keyActs: 0n,
          openLogs: 0n,
          dissolvedAt: OPEN,
        });
        break;
      case 'AccountChanged':
        authority!.account = e.text('account');
        break;
      case 'ParentChanged':
        authority!.parent = e.text('parent');
        break;
      case 'AuthorityDissolved':
        authority!.dissolvedAt = e.number('dissolvedAt');
        break;
      case 'KeyAdded': {
        const [x, y] = [e.text('publicKey').slice(4, 68), e.text('publicKey').slice(68)].map((half) => BigInt(`0x${half}`)) as [
          bigint,
          bigint,
        ];
        this.keys.set(e.text('keyId'), {
          code: e.text('code'),
          keyType: e.number('keyType'),
          validFrom: e.number('validFrom'),
          ...open,
          x,
          y,
        });
        authority!.keyActs++;
        break;
      }
      case 'KeyRetired':
        key!.validTo = e.number('validTo');
        this.authorities.get(key!.code)!.keyActs++;
        break;
      case 'KeyCompromised':
        key!.compromisedSince = e.number('since');
        this.authorities.get(key!.code)!.keyActs++;
        break;
      case 'KeySuspended':
        key!.suspendedUntil = e.number('suspendedUntil');
        break;
      case 'ScopeGranted':
      case 'DutyGranted': {
        const isDuty = e.name === 'DutyGranted';
        const [id, what] = isDuty
          ? [e.text('dutyId'), e.text('purpose')]
          : [e.text('scopeId'), `${e.text('licenceType')} ${e.text('region')}`];
        const grant = {
          code: e.text('code'),
          isDuty,
          validFrom: e.number('validFrom'),
          validTo: e.number('validTo'),
          parent: e.text('parentId'),
        };
        this.grants.set(id, { ...grant, what: `${grant.code} ${what}` });
        break;
      }
      case 'ScopeEnded':
      case 'DutyEnded':
        this.grants.get(e.name === 'DutyEnded' ? e.text('dutyId') : e.text('scopeId'))!.validTo = e.number('validTo');
        break;
      case 'LogRegistered': {
        const [owner, logClass] = [e.text('owner'), e.number('logClass')];
        const rest = {
          closedByOwner: false,
          closedAt: OPEN,
          registeredAt: e.at,
          beat: e.number('beat'),
          promiseSpan: e.number('promiseSpan'),
        };
        this.logs.set(e.text('logId'), { owner, logClass, ...rest });
        this.owners.set(e.text('logId'), [{ since: e.at, owner }]);
        this.modes.set(e.text('logId'), new Map());
        this.authorities.get(owner)!.openLogs++;
        break;
      }
      case 'LogClosed':
        log!.closedAt = e.number('closedAt');
        log!.closedByOwner = e.flag('byOwner');
        this.authorities.get(log!.owner)!.openLogs--;
        break;
      case 'ModeSet':
        this.modes.get(e.text('logId'))!.set(e.text('licenceType'), e.number('mode'));
        break;
      case 'FunctionMoved':
        for (const logId of e.list('logs')) this.#move(logId, e.text('code'), e.text('successor'), e.number('movedAt'));
        this.#requireWhole(e.text('code'), e.list('licenceTypes'));
        break;
      case 'VrfKeySet':
      case 'CoverageDeclared':
        break;
      default:
        throw new Error(`no rule for ${e.name}`);
    }
  }

  #move(logId: string, code: string, successor: string, since: bigint): void {
    const log = this.logs.get(logId)!;
    log.owner = successor;
    this.owners.get(logId)!.push({ since, owner: successor });
    if (log.closedAt !== OPEN) return;
    this.authorities.get(code)!.openLogs--;
    this.authorities.get(successor)!.openLogs++;
  }

  /** Whoever gave a type away has no open log that holds it. */
  #requireWhole(code: string, licenceTypes: readonly string[]): void {
    for (const [logId, { owner, closedAt }] of this.logs) {
      if (owner !== code || closedAt !== OPEN) continue;
      const kept = licenceTypes.filter((type) => this.modes.get(logId)!.has(type));
      expect(kept, 'a type that moved and stayed').to.deep.equal([]);
    }
  }

  endOf(grantId: string): bigint {
    if (grantId === ZERO) return OPEN;
    const { code, validTo, parent } = this.grants.get(grantId)!;
    const ends = [validTo, this.authorities.get(code)!.dissolvedAt, this.endOf(parent)];
    return ends.reduce((a, b) => (a < b ? a : b));
  }

  /** What must hold in every state, said without the contract's words. */
  requireInvariants(): void {
    for (const [code, { openLogs, dissolvedAt }] of this.authorities) {
      const own = [...this.logs.values()].filter((log) => log.owner === code && log.closedAt === OPEN);
      expect(own.length, 'open logs').to.equal(Number(openLogs));
      if (dissolvedAt !== OPEN) expect(own, 'open logs of a dissolved authority').to.deep.equal([]);
    }
    const periods = new Map<string, [from: bigint, end: bigint][]>();
    for (const [id, { what, validFrom, validTo, parent }] of this.grants) {
      const whole = this.grants.get(parent);
      if (whole !== undefined) expect(validFrom >= whole.validFrom, 'a grant begins with the one above').to.equal(true);
      const end = validTo < this.endOf(id) ? validTo : this.endOf(id);
      if (end > validFrom) periods.set(what, [...(periods.get(what) ?? []), [validFrom, end]]);
    }
    for (const list of periods.values()) {
      for (const [i, [from]] of list.entries()) {
        if (i > 0) expect(list[i - 1]![1] <= from, 'grants of the same do not overlap').to.equal(true);
      }
    }
  }

  /** What the views would answer, by the question. */
  answers(): Map<string, unknown> {
    const answers = new Map<string, unknown>();
    for (const [code, state] of this.authorities) answers.set(`authorityOf ${code}`, Object.values(state));
    for (const [id, state] of this.keys) {
      answers.set(`keyOf ${id}`, Object.values(state));
      const { dissolvedAt } = this.authorities.get(state.code)!;
      const end = state.validTo < dissolvedAt ? state.validTo : dissolvedAt;
      for (const time of [state.validFrom - 1n, state.validFrom, end - 1n, end]) {
        answers.set(`isValidAt ${id} ${time}`, time >= state.validFrom && time < end);
      }
    }
    for (const [id, { what: _, ...grant }] of this.grants) answers.set(`grantOf ${id}`, Object.values(grant));
    for (const [id, state] of this.logs) {
      answers.set(`logOf ${id}`, Object.values(state));
      answers.set(`accountOf ${id}`, this.authorities.get(state.owner)!.account);
      for (const { since } of this.owners.get(id)!) {
        for (const time of [since - 1n, since, OPEN]) {
          const then = this.owners.get(id)!.findLast((period) => period.since <= time);
          answers.set(`ownerAt ${id} ${time}`, then?.owner ?? NO_CODE);
        }
      }
      for (const type of TYPES) answers.set(`modeOf ${id} ${type}`, this.modes.get(id)!.get(type) ?? 0n);
    }
    return answers;
  }
}

/** The consortium as its events tell it. An approval belongs to a seat; whoever leaves and comes again has another. */
class Members {
  readonly seats = new Map<string, { code: string; seat: number }>();
  thresholds: bigint[] = [];
  readonly proposals = new Map<string, { fields: unknown[]; isExecuted: boolean; approvals: Set<number> }>();
  #lastSeat = 0;

  apply(e: Happened): void {
    const proposal = this.proposals.get(e.text('proposalId'));
    const seat = this.seats.get(e.text('member'))?.seat ?? -1;
    switch (e.name) {
      case 'MemberAdded':
        this.seats.set(e.text('account'), { code: e.text('code'), seat: ++this.#lastSeat });
        break;
      case 'MemberRemoved':
        this.seats.delete(e.text('account'));
        break;
      case 'ThresholdsChanged':
        this.thresholds = [e.number('threshold'), e.number('suspensionThreshold')];
        break;
      case 'Proposed': {
        const fields = [e.text('target'), e.number('proposedAt'), e.number('expiresAt'), e.flag('isSuspension')];
        this.proposals.set(e.text('proposalId'), { fields, isExecuted: false, approvals: new Set() });
        break;
      }
      case 'Approved':
        proposal!.approvals.add(seat);
        break;
      case 'Withdrawn':
        proposal!.approvals.delete(seat);
        break;
      case 'Executed':
        proposal!.isExecuted = true;
        break;
      default:
        throw new Error(`no rule for ${e.name}`);
    }
  }

  answers(): Map<string, unknown> {
    const answers = new Map<string, unknown>([['thresholds', this.thresholds]]);
    const present = [...this.seats.values()].map(({ seat }) => seat);
    for (const account of this.seats.keys()) answers.set(`isMember ${account}`, true);
    for (const [id, { fields, isExecuted, approvals }] of this.proposals) {
      const count = present.filter((seat) => approvals.has(seat)).length;
      answers.set(`proposalOf ${id}`, [...fields, isExecuted, BigInt(count)]);
    }
    return answers;
  }
}

async function happened(contract: World['registry'] | World['consortium'], world: World): Promise<Happened[]> {
  const times = new Map<number, bigint>();
  const out: Happened[] = [];
  for (const event of await eventsOf(contract)) {
    const { blockNumber } = event;
    if (!times.has(blockNumber)) {
      times.set(blockNumber, BigInt((await world.chain.provider.getBlock(blockNumber))!.timestamp * SECOND));
    }
    out.push(new Happened(event, times.get(blockNumber)!));
  }
  return out;
}

/** Asks every question anew, of the contract. */
async function compare(contract: World['registry'] | World['consortium'], answers: Map<string, unknown>): Promise<void> {
  for (const [question, want] of answers) {
    const [view, ...args] = question.split(' ');
    expect(await contract.getFunction(view!).staticCall(...args), question).to.deep.equal(want);
  }
}

/** Replays both contracts and compares. Returns the names of the events there were. */
export async function replayAll(world: World): Promise<Set<string>> {
  const names = new Set<string>();
  const registry = new Registry();
  for (const event of await happened(world.registry, world)) {
    registry.apply(event);
    registry.requireInvariants();
    names.add(event.name);
  }
  await compare(world.registry, registry.answers());
  const members = new Members();
  for (const event of await happened(world.consortium, world)) {
    members.apply(event);
    names.add(event.name);
  }
  await compare(world.consortium, members.answers());
  const listed = (await world.consortium.members()).map(({ code, account }) => [account, code] as const);
  expect(new Map(listed)).to.deep.equal(new Map([...members.seats].map(([account, { code }]) => [account, code])));
  return names;
}
