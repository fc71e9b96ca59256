/**
 * Rankings and reconciliations in words, both languages. A sentence says how much of the sample somebody read, out of how much in all, in
 * which time, and how often chance alone would bring that about. No sentence says that somebody leaked anything.
 */
import type { Erasure } from '../redress/redress.ts';
import type { CaseReader, RankedReader, Ranking, RankingFinding } from '../leak/ranking.ts';
import { formatInstant, type Lang } from '../verify/words.ts';
import { type Words, words } from '../verify/wording.ts';
import type { ShownContent } from './traced.ts';
import type { Reconciled, ReconciliationReason } from './reconciliation.ts';

export const RANKING_FINDINGS: Readonly<Record<RankingFinding, Words>> = {
  one: words(
    '只有一方的查询与样本明显吻合。这不等于它泄露了数据，须另行查证。',
    'One reader’s reading fits the sample, and nobody else’s. That does not show that it gave the data away.',
  ),
  several: words(
    '有多方的查询都与样本明显吻合，仅凭记录无法区分是哪一方。',
    'Several readers’ reading fits the sample: the records alone cannot tell which.',
  ),
  none: words('没有任何一方的查询与样本明显吻合，仅凭记录无法判断。', 'Nobody’s reading stands out: the records cannot tell.'),
};

export const RANKING_LIMITS = words(
  '推算假定各方的查询与样本的来源无关。如果样本本来就取自某一机关的日常办事对象，该机关的查询自然会吻合。未登记的查询不在其中。',
  'This assumes that what was read has nothing to do with where the sample was taken from. A list of one office’s ordinary clients fits that office without any leak. Reading that was not recorded is not in it.',
);

/** `count`: entries that are in no count yet. */
export function describeUnproven(count: number, lang: Lang): string {
  return lang === 'en'
    ? `${count} more entries were shown that no confirmed checkpoint holds yet; they are not counted. Ask again in a while.`
    : `另有 ${count} 条记录已经出示，但还没有写入核验方所确认的检查点，未计算在内。请稍后再查一次。`;
}

export const LOOK_UPS_TITLE = words(
  '下列是办案查询：查询的对象本来就取自名单，因此不参与比较，单独列出。',
  'Looked up in cases: whom such look-ups read follows from the list, so they are compared with nobody, and listed by themselves.',
);

/** `name`: of the authority. */
export function describeLookUps(one: CaseReader, name: string, lang: Lang): string {
  const { operator, case: number, met, read, firstAt, lastAt } = one;
  const span = [formatInstant(firstAt, lang), formatInstant(lastAt, lang)];
  return lang === 'en'
    ? `Officer ${operator} of ${name}, in case ${number}: looked up ${read} persons from ${span[0]} to ${span[1]}, ${met} of them of the sample.`
    : `${name}办案人员 ${operator}，案件 ${number}：${span[0]} 至 ${span[1]} 共查询 ${read} 人，其中 ${met} 人在样本中。`;
}

/** `name`: of the authority; the operator follows. */
export function describeReader(reader: RankedReader, { from, to, sampleRead, pool }: Ranking, name: string, lang: Lang): string {
  const who =
    reader.operator === null
      ? name
      : lang === 'en'
        ? `Operator ${reader.operator} of ${name}`
        : `${name}经办人 ${reader.operator} `;
  const span = [formatInstant(from, lang), formatInstant(to, lang)];
  const { met, read, expected } = reader;
  if (lang === 'en') {
    const counts = `read ${met} of the ${sampleRead} persons of the sample whose data were read at all, out of ${read} persons in all, from ${span[0]} to ${span[1]}.`;
    return `${who} ${counts} Of ${pool} persons read by anybody, chance would bring ${expected} of the sample. ${describeChance(reader, lang)}`;
  }
  return `${who}在 ${span[0]} 至 ${span[1]} 共查询 ${read} 人，其中包括样本中有查询记录的 ${sampleRead} 人里的 ${met} 人。同期被查询的共 ${pool} 人，仅凭巧合平均应为 ${expected} 人。${describeChance(reader, lang)}`;
}

/** Chance that is not small is not named as a number: it would look like a finding. */
function describeChance({ logChance, standsOut }: RankedReader, lang: Lang): string {
  const isChinese = lang === 'zh-CN';
  if (!standsOut) return isChinese ? '这可以是巧合。' : 'That can be chance.';
  if (logChance === null) return isChinese ? '这不可能是巧合。' : 'That cannot be chance.';
  const power = Math.floor(-logChance);
  return isChinese
    ? `已按参与比较的总数折算，这样的巧合在 10^${power} 次中不超过一次。`
    : `With all that were compared taken into account, chance brings that at most once in 10^${power}.`;
}

/** How much of an entry is shown. */
export const CONTENT_WORDS: Readonly<Record<ShownContent, Words>> = {
  opened: words('内容已出示', 'content shown'),
  masked: words('内容已出示，当事人未具名', 'content shown, person not named'),
  refused: words('内容未公开', 'content not disclosed'),
  erased: words('内容已删除', 'content erased'),
  lost: words('内容已丢失（数据机关所述）', 'content lost, says the custodian'),
  withheld: words('内容未出示', 'content not shown'),
};

export function describeErasure({ legalBasis, erasedAt }: Erasure, lang: Lang): string {
  const at = formatInstant(erasedAt, lang);
  return lang === 'en' ? `erased at ${at} under: ${legalBasis}` : `删除于 ${at}，法律依据：${legalBasis}`;
}

export const RECONCILED_WORDS: Readonly<Record<Reconciled, Words>> = {
  matched: words('两方一致', 'both records agree'),
  differing: words('两方不一致', 'the records differ'),
  'accessor-only': words('仅查询机关有', 'only the authority that read has it'),
  'custodian-only': words('仅数据机关有', 'only the custodian has it'),
};

export const RECONCILIATION_WORDS: Readonly<Record<ReconciliationReason, Words>> = {
  FORGED_OUTCOME: words(
    '查询机关出示的结果不是数据机关签名的',
    'the outcome that the accessor shows is not signed by the custodian',
  ),
  FORGED_REQUEST: words(
    '数据机关出示的请求不是查询机关签名的',
    'the request that the custodian shows is not signed by the accessor',
  ),
  HIDDEN: words('数据机关签名提供过，却没有出示', 'the custodian signed that it released this and does not show it'),
  IMPORTED: words('由数据机关补录，查询机关从未签名', 'recorded later by the custodian alone'),
  MISSING_ENTRIES: words('部分记录没有出示', 'some of its entries are not shown'),
  NOT_ANSWERED: words('没有留存结果，不能证明数据曾经提供', 'no outcome was kept: nothing shows that data were released'),
  NOT_IN_HISTORY: words(
    '不在当事人的完整记录中：登记在了别的号码之下',
    'the person’s complete history lacks it: it was logged under another number',
  ),
  NOT_KEPT: words('查询机关签名请求过，却没有留存记录', 'the accessor signed the request and kept no record'),
  OTHER_FIELDS: words('提供的项目不同', 'other fields'),
  OTHER_OUTCOME: words('结果的其他内容不同', 'the outcome differs'),
  OTHER_RESULT: words('结果不同', 'another result'),
  OTHER_SUBJECT_COUNT: words('涉及人数不同', 'another number of persons'),
  UNDECIDED: words('现有登记信息无法判断签名是谁的', 'whose signature it is cannot be decided from the registry facts at hand'),
};
