/**
 * A person's history over all custodians that the registry names, judged here: for programs. A page judges for itself.
 *
 *     {"sources":[{"origin","logId","custodian","name","complete","upTo":{"size","issuedAt","anchoredAt"}|null,"newer":{"size","issuedAt"}|null,
 *                  "error":CODE|null}],
 *      "entries":[{"origin","custodian","leafHash","kind","state","index","recordedAt","recordedBetween":{"from","to"},
 *                  "request":{…}|null,"outcome":{…}|null,"objections":[…]}]}
 *
 * `complete` is true only where everything up to `upTo` is shown; `error` says in every other case why not. `from` and `to` choose among the
 * entries by time; what is complete does not depend on them. Neither handles nor their proofs are in it.
 */
import type { LogFact, RegistryFacts } from '../../core/authority/registry.ts';
import { findAuthority } from '../../core/authority/registry.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { type AskedLog, askLog, type Doors } from '../../core/citizen/ask.ts';
import { type Row, rowsOf, shownIn, type ShownLog } from '../../core/citizen/row.ts';
import { type World, worldOf } from '../../core/verify/world.ts';
import type { Session } from '../identity/session.ts';
import { callFor, type CitizenWorld } from './world.ts';
import { fetchAnswer, fetchPromised } from './upstream.ts';

export interface Period {
  /** UTC ms, the first included, the last not. */
  readonly from: number;
  readonly to: number;
}

/** Custodians asked at once. */
const AT_ONCE = 16;

/** Throws UNAVAILABLE when the verifier does not answer: without the registry nobody knows whom to ask. */
export async function historyOf(world: CitizenWorld, session: Session, { from, to }: Period): Promise<JsonObject> {
  const judged = await judgingWorld(world);
  const logs = judged.facts.logs.filter((log) => log.class === 'access');
  const asked = await inTurn(logs, (log) =>
    askLog(doorsOf(world, session), { world: judged, log, number: session.person }, world.nodes.has(log.origin)),
  );
  const rows = rowsOf(asked.map(shownBy), judged.evaluatedAt);
  const isMeant = ({ entry }: Row): boolean => entry.recordedAt >= from && entry.recordedAt < to;
  return {
    sources: asked.map((one) => describeSource(judged.facts, one)),
    entries: rows.filter(isMeant).map(describeRow),
  };
}

async function judgingWorld({ verifier, clock }: CitizenWorld): Promise<World> {
  const [trust, live] = await Promise.all([verifier.trust(), verifier.live()]);
  return worldOf({ trust, live, evaluatedAt: clock(), at: null });
}

function doorsOf(world: CitizenWorld, session: Session): Doors {
  const { verifier } = world;
  return {
    custodian: async ({ origin }: LogFact, at) => fetchAnswer(await callFor(world, session, origin), at),
    standing: (logId, at) => verifier.standing(logId, at),
    anchors: (logId, from, to) => verifier.anchors(logId, from, to),
    promised: async ({ origin }: LogFact, at) => fetchPromised(await callFor(world, session, origin), at),
  };
}

async function inTurn<Item, Done>(items: readonly Item[], work: (item: Item) => Promise<Done>): Promise<Done[]> {
  const done: Done[] = [];
  let next = 0;
  const workers = Array.from({ length: Math.min(AT_ONCE, items.length) }, async () => {
    for (let i = next++; i < items.length; i = next++) done[i] = await work(items[i]!);
  });
  await Promise.all(workers);
  return done;
}

function describeSource(facts: RegistryFacts, { judgement, newer }: AskedLog): JsonObject {
  const { log, completeness } = judgement;
  const isComplete = completeness.outcome === 'complete';
  return {
    origin: log.origin,
    logId: encodeHex(log.logId),
    custodian: log.authority,
    name: findAuthority(facts, log.authority)?.name ?? null,
    complete: isComplete,
    upTo: isComplete
      ? { size: completeness.upTo.size, issuedAt: completeness.upTo.issuedAt, anchoredAt: completeness.anchor.anchoredAt }
      : null,
    newer,
    error: isComplete ? null : completeness.code,
  };
}

/** What is proven, and what is only promised behind it. */
function shownBy({ judgement, beyond }: AskedLog): ShownLog {
  const { log, entries } = shownIn(judgement);
  return { log, entries: [...entries, ...beyond] };
}

function describeRow(row: Row): JsonObject {
  const { origin, custodian, name, entryIndex, kind, state, entry, recordedIn, request, outcome, erasure, objections } = row;
  return {
    origin,
    custodian,
    leafHash: name,
    index: entryIndex,
    kind,
    state,
    recordedAt: entry.recordedAt,
    recordedBetween: { from: recordedIn.from, to: recordedIn.to },
    request: request && {
      accessor: request.accessor,
      action: request.action,
      breakGlass: request.breakGlass,
      case: request.case,
      cause: request.cause,
      grade: request.grade,
      legalBasis: request.legalBasis,
      matter: request.matter,
      method: request.method,
      operator: { id: request.operator.id, role: request.operator.role },
      purpose: request.purpose,
      requestedAt: request.requestedAt,
      system: request.system,
    },
    outcome: outcome && {
      answeredAt: outcome.answeredAt,
      code: outcome.code,
      fields: outcome.fields.map((field) => ({ class: field.class, name: field.name })),
      result: outcome.result,
      subjectCount: outcome.subjectCount,
    },
    erasure: erasure && { legalBasis: erasure.legalBasis, erasedAt: erasure.erasedAt },
    objections: objections.map(({ leafHash, objection, reply, isOverdue }) => ({
      leafHash: encodeHex(leafHash),
      text: objection.text,
      saidAt: objection.saidAt,
      dueAt: objection.dueAt,
      isOverdue,
      reply: reply && { decision: reply.decision, text: reply.text, repliedAt: reply.repliedAt },
    })),
  };
}
