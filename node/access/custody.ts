/** A custodian's access log and all that stands around it, put together. */
import type { LogFact, RegistryFacts } from '../../core/authority/registry.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import type { Origin } from '../../core/log/origin.ts';
import type { HistorySecret } from '../../core/log/slot.ts';
import type { Logger } from '../../service/logger.ts';
import type { RecordsKey } from '../../service/sealed-space.ts';
import type { Signer } from '../../service/signer.ts';
import type { BodyStore } from '../bodies/body-store.ts';
import type { Anchors } from '../log/anchors.ts';
import type { Answers } from '../log/answers.ts';
import type { LogStore } from '../log/log-store.ts';
import type { QuantumWriter } from '../quantum/writer.ts';
import { Acts } from './acts.ts';
import { Cases } from './case.ts';
import type { EventTerms } from './event.ts';
import { EventIndex } from './event-index.ts';
import { Handles, type VrfKey } from './handles.ts';
import { PersonHistories } from './history.ts';
import { RequestJudge } from './judge.ts';
import { Ledger } from './ledger.ts';
import type { PersonNotices } from './notices.ts';
import type { PromiseSigner } from './receipt.ts';
import { SealedAccesses } from './sealed.ts';

export interface CustodyOptions {
  readonly origin: Origin;
  readonly log: LogStore;
  readonly anchors: Anchors;
  readonly answers: Answers;
  readonly bodies: BodyStore;
  readonly writer: QuantumWriter;
  readonly logSigner: Signer;
  /** Signs outcomes. */
  readonly requestSigner: Signer;
  readonly vrfKeys: readonly VrfKey[];
  readonly records: RecordsKey;
  /** What the registry says of the log. Throws UNAVAILABLE until it was read. */
  readonly logFact: () => LogFact;
  readonly facts: () => RegistryFacts;
  readonly factsAgeMs: () => number | null;
  readonly maxStatusAgeMs: number;
  /** From an objection to when the reply to it is due. */
  readonly replyWithinMs: number;
  /** Resolves when a checkpoint from no earlier than that instant is anchored. Throws UNAVAILABLE. */
  readonly reach: (since: number) => Promise<void>;
  /** Null: nobody is told. */
  readonly notices: PersonNotices | null;
  readonly random: (length: number) => Uint8Array;
  readonly logger: Logger;
  /** UTC ms. */
  readonly clock: () => number;
}

export interface Custody extends CustodyOptions {
  readonly ledger: Ledger;
  readonly handles: Handles;
  readonly histories: PersonHistories;
  readonly acts: Acts;
  readonly sealed: SealedAccesses;
  readonly index: EventIndex;
  readonly cases: Cases;
  readonly judge: RequestJudge;
  readonly promises: PromiseSigner;
  readonly eventTerms: EventTerms;
}

export function createCustody(options: CustodyOptions): Custody {
  const { log, writer, records, logFact, random, clock, logSigner } = options;
  const { store } = log;
  const ledger = new Ledger(store, records);
  const handles = new Handles({ logId: writer.logId, keys: options.vrfKeys, store, records });
  const promises = { logId: writer.logId, signer: logSigner, requireGoing: () => writer.requireGoing() };
  const handlesOf = async (numbers: readonly CanonicalNumber[]): Promise<HistorySecret[]> =>
    handles.of(handles.current(logFact(), writer.head.size), numbers);
  const common = { ...options, store, ledger, handles, handlesOf, promises, pending: writer.pending };
  const histories = new PersonHistories(common);
  const index = new EventIndex(store, records);
  return {
    ...options,
    ledger,
    handles,
    histories,
    index,
    promises,
    acts: new Acts({ ...common, histories }),
    sealed: new SealedAccesses({ ...common, index }),
    cases: new Cases({ ...common, histories, index }),
    judge: new RequestJudge({ ...options, custodian: () => logFact().authority }),
    eventTerms: { origin: options.origin, signer: options.requestSigner, handlesOf, random, clock },
  };
}
