/**
 * What the person may take away, made in the browser: JSON for programs, CSV for a table. Both hold what she is shown and no more: neither
 * handles nor their proofs, which would let whoever has the file follow her further on.
 */
import { findAuthority, type RegistryFacts } from '../../core/authority/registry.ts';
import { canonicalJson, type JsonObject } from '../../core/bytes/json.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import type { JudgedCopy } from '../../core/citizen/compared.ts';
import { formatCopies } from '../../core/citizen/copies.ts';
import type { Row } from '../../core/citizen/row.ts';
import { formatInstant, type Lang } from '../../core/verify/words.ts';
import type { VisitState } from './visit.ts';

export interface Exported {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

function nameOf(facts: RegistryFacts, code: string): string {
  return findAuthority(facts, code)?.name ?? code;
}

function rowObject(row: Row, facts: RegistryFacts): JsonObject {
  const { request, outcome, entry, recordedIn } = row;
  return {
    recordedAt: entry.recordedAt,
    provedFrom: recordedIn.from,
    provedTo: recordedIn.to,
    custodian: row.custodian,
    custodianName: nameOf(facts, row.custodian),
    origin: row.origin,
    entryIndex: row.entryIndex,
    leafHash: row.name,
    kind: row.kind,
    state: row.state,
    accessor: request?.accessor ?? null,
    accessorName: request === null ? null : nameOf(facts, request.accessor),
    operator: request?.operator.id ?? null,
    post: request?.operator.role ?? null,
    system: request?.system ?? null,
    purpose: request?.purpose ?? null,
    cause: request?.cause ?? null,
    matter: request?.matter ?? null,
    case: request?.case ?? null,
    legalBasis: request?.legalBasis ?? null,
    breakGlass: request?.breakGlass ?? null,
    result: outcome?.result ?? null,
    code: outcome?.code ?? null,
    fields: outcome?.fields.map(({ name }) => name) ?? [],
    subjects: outcome?.subjectCount ?? null,
    objections: row.objections.map(({ objection, reply, isOverdue }) => ({
      text: objection.text,
      saidAt: objection.saidAt,
      dueAt: objection.dueAt,
      isOverdue,
      reply: reply && { decision: reply.decision, text: reply.text, repliedAt: reply.repliedAt },
    })),
  };
}

export function exportJson({ facts, logs, evaluatedAt }: VisitState, rows: readonly Row[]): Exported {
  const sources = logs.map(({ log, asked }) => {
    const completeness = asked?.judgement.completeness ?? null;
    const isComplete = completeness?.outcome === 'complete';
    return {
      origin: log.origin,
      custodian: log.authority,
      complete: isComplete,
      upTo: isComplete
        ? { size: completeness.upTo.size, issuedAt: completeness.upTo.issuedAt, anchoredAt: completeness.anchor.anchoredAt }
        : null,
      error: completeness?.outcome === 'unknown' ? completeness.code : null,
    };
  });
  const value = {
    format: 'veritrail-own-history-v1',
    evaluatedAt,
    sources,
    entries: facts === null ? [] : rows.map((row) => rowObject(row, facts)),
  };
  return { name: 'veritrail-history.json', type: 'application/json', text: canonicalJson(value) };
}

const COLUMNS = [
  'recordedAt',
  'custodianName',
  'accessorName',
  'post',
  'operator',
  'system',
  'purpose',
  'cause',
  'matter',
  'case',
  'legalBasis',
  'fields',
  'result',
  'code',
  'breakGlass',
  'subjects',
  'state',
  'origin',
  'entryIndex',
  'leafHash',
] as const;

/** Other people wrote the text: what a spreadsheet would take for a formula begins with an apostrophe. RFC 4180 quoting, and a byte order mark for Excel. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function exportCsv({ facts }: VisitState, rows: readonly Row[], lang: Lang): Exported {
  const lines = rows.map((row) => {
    const value = facts === null ? {} : rowObject(row, facts);
    return COLUMNS.map((column) => {
      const found = value[column] ?? '';
      if (column === 'recordedAt') return cell(formatInstant(row.entry.recordedAt, lang));
      return cell(Array.isArray(found) ? found.join(' ') : typeof found === 'string' ? found : canonicalJson(found));
    }).join(',');
  });
  const text = `\ufeff${[COLUMNS.join(','), ...lines].join('\r\n')}\r\n`;
  return { name: 'veritrail-history.csv', type: 'text/csv;charset=utf-8', text };
}

/** One accessor's copy, as it came: what speaks against the custodian. */
export function exportCopy({ accessor, copy }: JudgedCopy): Exported {
  const copies = { accessor: parseUscc(accessor), isAll: false, copies: [copy] };
  return { name: 'veritrail-copy.json', type: 'application/json', text: canonicalJson(formatCopies(copies)) };
}

/** The file is made in the page; it goes to no server. */
export function save({ name, type, text }: Exported): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
