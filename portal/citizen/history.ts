/**
 * A person's history over all custodians that the registry names, judged here: for programs. A page judges for itself.
 *
 *     {"sources":[{"origin","logId","custodian","name","complete","upTo":{"size","issuedAt","anchoredAt"}|null,"newer":{"size","issuedAt"}|null,
 *                  "error":CODE|null}],
 *      "entries":[{"origin","custodian","leafHash","kind","state","recordedAt","recordedBetween":{"from","to"},
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
import { type Row, rowsOf } from '../../core/citizen/row.ts';
import { type World, worldOf } from '../../core/verify/world.ts';
import type { Session } from '../identity/session.ts';
import { callFor, type CitizenWorld } from './world.ts';
import { fetchAnswer } from './upstream.ts';

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
  const rows = rowsOf(
    asked.map(({ judgement }) => judgement),
    judged.evaluatedAt,
  );
  const isMeant = ({ entry }: Row): boolean => entry.proven.entry.recordedAt >= from && entry.proven.entry.recordedAt < to;
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
    custodian: async ({ origin }: LogFact) => fetchAnswer(await callFor(world, session, origin)),
    standing: (logId, size) => verifier.standing(logId, size),
    anchors: (logId, from, to) => verifier.anchors(logId, from, to),
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

function describeRow(row: Row): JsonObject {
  const { origin, custodian, leafHash, kind, state, entry, request, outcome, objections } = row;
  return {
    origin,
    custodian,
    leafHash,
    kind,
    state,
    recordedAt: entry.proven.entry.recordedAt,
    recordedBetween: { from: entry.recordedIn.from, to: entry.recordedIn.to },
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
    objections: objections.map(({ answer, ...others }) => ({
      ...others,
      answer: answer && { outcome: answer.outcome, text: answer.text, madeAt: answer.madeAt },
    })),
  };
}
