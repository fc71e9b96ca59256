/**
 * Verdicts, checks and reasons in words, and instants at UTC+8: the same in an API's answer, on the command line and in a page.
 * The sentences themselves are in wording.ts.
 */
import type { LicenceStatus } from '../licence/status.ts';
import type { Check, CheckFacts, CheckId, ReasonCode, RecordFinding, VerdictWord } from './verdict.ts';
import { CHECKS, type Lang, NOT_ASKED, NOT_GIVEN, REASONS, STATUSES, VERDICTS, WITHDRAWN, words } from './wording.ts';

export type { Lang } from './wording.ts';

export function nameVerdict(verdict: VerdictWord, lang: Lang): string {
  return VERDICTS[verdict][lang];
}

export function nameStatus(status: LicenceStatus, lang: Lang): string {
  return STATUSES[status][lang];
}

export function nameCheck(id: CheckId, lang: Lang): string {
  return CHECKS[id].name[lang];
}

function sentence(clause: string, lang: Lang): string {
  return lang === 'en' ? `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.` : `${clause}。`;
}

/** A whole sentence. */
export function describeReason(code: ReasonCode, lang: Lang): string {
  return sentence(REASONS[code][lang], lang);
}

/** A record in another log that did not decide. */
export function describeFinding({ origin, code }: RecordFinding, lang: Lang): string {
  const reason = REASONS[code][lang];
  return lang === 'en'
    ? `Another log (${origin}) also records this file; its record does not count: ${reason}.`
    : `另有日志（${origin}）记录了该文件，该记录不予采信：${reason}。`;
}

/** What the check found, in one sentence or a few. */
export function describeCheck(check: Check, lang: Lang): string {
  const { id, outcome, code } = check;
  switch (outcome) {
    case 'notAsked':
      return sentence(NOT_ASKED[lang], lang);
    case 'pass':
      return withDetail(CHECKS[id].pass[lang], detailOf(check, lang), lang);
    case 'fail':
      return describeFailure(check, lang);
    case 'unknown': {
      const stem = CHECKS[id].unknown[lang];
      if (code === null) return sentence(stem, lang);
      const reason = reasonOf(code, check.facts, lang);
      return sentence(lang === 'en' ? `${stem}: ${reason}` : `${stem}：${reason}`, lang);
    }
  }
}

/** A key that may be lost is not one that was reported lost. */
function reasonOf(code: ReasonCode, facts: CheckFacts, lang: Lang): string {
  const until = numberIn(facts, 'suspendedUntil');
  if (code !== 'KEY_COMPROMISED' || until === null) return REASONS[code][lang];
  const end = formatInstant(until, lang);
  return words(`签名密钥可能失密，已暂停使用至 ${end}`, `the signing key may be lost and is suspended until ${end}`)[lang];
}

function withDetail(stem: string, detail: string | null, lang: Lang): string {
  if (detail === null) return sentence(stem, lang);
  return sentence(lang === 'en' ? `${stem} (${detail})` : `${stem}（${detail}）`, lang);
}

function numberIn(facts: CheckFacts, name: string): number | null {
  const value = facts[name];
  return typeof value === 'number' ? value : null;
}

function textIn(facts: CheckFacts, name: string): string | null {
  const value = facts[name];
  return typeof value === 'string' ? value : null;
}

/** The figures behind a check, where it has any. */
function detailOf({ id, facts }: Check, lang: Lang): string | null {
  const number = (name: string): number => numberIn(facts, name) ?? 0;
  const has = (...names: readonly string[]): boolean => names.every((name) => numberIn(facts, name) !== null);
  if (id === 'witnesses' && has('count', 'quorum')) {
    const [count, quorum] = [number('count'), number('quorum')];
    return words(`${count} 家，要求 ${quorum} 家`, `by ${count}, ${quorum} required`)[lang];
  }
  if (id === 'anchor' && has('blockNumber', 'anchoredAt')) {
    const at = formatInstant(number('anchoredAt'), lang);
    return words(`区块 ${number('blockNumber')}，${at}`, `block ${number('blockNumber')}, ${at}`)[lang];
  }
  if (id === 'freshness' && has('ageMs')) {
    const age = formatSpan(number('ageMs'), lang);
    return words(`锚定于${age}前`, `anchored ${age} ago`)[lang];
  }
  if (id === 'validity' && has('validFrom')) return formatPeriod(number('validFrom'), numberIn(facts, 'validTo'), lang);
  return null;
}

function describeFailure(check: Check, lang: Lang): string {
  const { id, code, facts } = check;
  const stem = CHECKS[id].fail[lang];
  if (id === 'content' && code === 'NOT_RECORDED') return describeAbsence(facts, lang);
  if (id === 'validity' && code !== null) return withDetail(REASONS[code][lang], detailOf(check, lang), lang);
  if (id !== 'status' || code === null) return sentence(stem, lang);
  if (facts['file'] === true) return sentence(WITHDRAWN[lang], lang);
  return textIn(facts, 'by') === null ? describeReason(code, lang) : describeAct(code, facts, lang);
}

function describeAbsence(facts: CheckFacts, lang: Lang): string {
  const since = formatDay(numberIn(facts, 'coveredSince') ?? 0, lang);
  return words(
    `颁发机构已声明：自${since}起，此类证照全部存证；其日志中没有该证照。`,
    `The issuer has declared that all licences of this type since ${since} are in its log; this one is not.`,
  )[lang];
}

/** Since when, by whom and why a licence was suspended, revoked, annulled or cancelled. */
function describeAct(code: ReasonCode, facts: CheckFacts, lang: Lang): string {
  const given = (value: string | null): string => value ?? NOT_GIVEN[lang];
  const effectiveAt = numberIn(facts, 'effectiveAt');
  const by = given(textIn(facts, 'by'));
  const since = given(effectiveAt === null ? null : formatInstant(effectiveAt, lang));
  const reason = given(textIn(facts, 'reason'));
  const legalBasis = given(textIn(facts, 'legalBasis'));
  const parts = words(
    `作出机关：${by}；生效时间：${since}；理由：${reason}；法律依据：${legalBasis}。`,
    ` By: ${by}. Since: ${since}. Reason: ${reason}. Legal basis: ${legalBasis}.`,
  );
  return `${describeReason(code, lang)}${parts[lang]}`;
}

const OFFSET = 8 * 3_600_000;
const DAY = 24 * 3_600_000;
/** The last instant that a Date holds, less the offset. */
const MAX_INSTANT = 8_640_000_000_000_000 - OFFSET;

/** Day and time of day at UTC+8, without the machine's time zone data. */
function shanghai(ms: number): { day: string; clock: string } {
  const [day, clock] = new Date(Math.min(ms, MAX_INSTANT) + OFFSET).toISOString().split('T') as [string, string];
  return { day, clock: clock.slice(0, 8) };
}

/** `2026年5月1日` or `2026-05-01`, at UTC+8. */
export function formatDay(ms: number, lang: Lang): string {
  const { day } = shanghai(ms);
  if (lang === 'en') return day;
  const [year, month, date] = day.split('-').slice(-3) as [string, string, string];
  return `${year}年${Number(month)}月${Number(date)}日`;
}

/** `2026年5月1日 08:00:00 +08:00` or `2026-05-01 08:00:00 +08:00`: the offset is said, so that nobody takes it for local time. */
export function formatInstant(ms: number, lang: Lang): string {
  return `${formatDay(ms, lang)} ${shanghai(ms).clock} +08:00`;
}

/** In days where the term runs from the first to the last second of a day, in instants where it does not. */
export function formatPeriod(from: number, to: number | null, lang: Lang): string {
  const isWholeDays = (from + OFFSET) % DAY === 0 && (to === null || (to + OFFSET) % DAY >= DAY - 1000);
  const format = isWholeDays ? formatDay : formatInstant;
  if (to === null) return words(`${format(from, lang)}起，长期`, `${format(from, lang)}, no end`)[lang];
  return words(`${format(from, lang)}至${format(to, lang)}`, `${format(from, lang)} to ${format(to, lang)}`)[lang];
}

/** In the largest unit of which there are at least two. */
export function formatSpan(ms: number, lang: Lang): string {
  const minutes = Math.round(ms / 60_000);
  const hours = Math.round(ms / 3_600_000);
  const days = Math.round(ms / DAY);
  if (days >= 2) return words(` ${days} 天`, `${days} days`)[lang];
  if (hours >= 2) return words(` ${hours} 小时`, `${hours} hours`)[lang];
  if (minutes >= 2) return words(` ${minutes} 分钟`, `${minutes} minutes`)[lang];
  return words(` ${Math.round(ms / 1000)} 秒`, `${Math.round(ms / 1000)} s`)[lang];
}
