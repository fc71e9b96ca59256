/**
 * `veritrail verify FILE`: online it asks a verifier for slots and judges here; with an evidence file and no `--url` it uses no network.
 * The file is hashed on this machine; neither its bytes nor its digest leave it.
 */
import { encodeUtf8 } from '../core/bytes/bytes.ts';
import { isCodedError, malformed, unavailable } from '../core/bytes/error.ts';
import { type Evidence, formatEvidence, parseEvidence } from '../core/verify/evidence.ts';
import { gather } from '../core/verify/gather.ts';
import type { Trust } from '../core/verify/trust.ts';
import { formatVerdict } from '../core/verify/verdict-json.ts';
import type { Verdict } from '../core/verify/verdict.ts';
import { undeterminedVerdict, verify } from '../core/verify/verify.ts';
import { describeCheck, describeFinding, describeReason, formatInstant, nameCheck, nameVerdict } from '../core/verify/words.ts';
import { chainReferenceOf } from '../core/log/attestation.ts';
import { sm3 } from '../core/sm/sm3.ts';
import { replaceFileDurably } from '../service/durable-file.ts';
import { type CommonOptions, exitOf, parseInstant, print, readInput } from './command.ts';
import { fetchTrust, liveChainOf, lookUpAt, readTrustFile, TrustMemory } from './reader.ts';

export interface VerifyOptions extends CommonOptions {
  readonly url?: string;
  readonly evidence?: string;
  readonly trust?: string;
  readonly at?: string;
  readonly saveEvidence?: string;
}

const ZIP_START = encodeUtf8('PK\u0003\u0004');
const FIRST_PART = encodeUtf8('case.json');

/** By its name, or by its first part: other zip files are licences in OFD. */
function isPackage(path: string, bytes: Uint8Array): boolean {
  const has = (part: Uint8Array, at: number): boolean => part.every((byte, i) => bytes[at + i] === byte);
  return path.toLowerCase().endsWith('.zip') || (has(ZIP_START, 0) && has(FIRST_PART, 30));
}

const OUTCOME_MARK = { pass: '✓', fail: '✗', unknown: '?', notAsked: '·' } as const;

export async function verifyFile(path: string, options: VerifyOptions): Promise<number> {
  const bytes = await readInput(path);
  if (isPackage(path, bytes)) return verifyPacked(bytes, options);
  if (options.url === undefined && options.evidence === undefined)
    throw malformed('name a verifier (--url) or an evidence file (--evidence)');
  if (options.saveEvidence !== undefined && options.url === undefined) throw malformed('--save-evidence needs --url');
  const at = options.at === undefined ? null : parseInstant(options.at);
  const fileDigest = sm3(bytes);
  const carried = options.evidence === undefined ? null : parseEvidence(await readInput(options.evidence));
  const believed = await believedTrust(options);
  if (typeof believed === 'string') return answer(options, undeterminedVerdict(believed, Date.now()), null);
  const { trust, isFirstSight } = believed;
  if (isFirstSight) process.stderr.write(`${FIRST_SIGHT[options.lang]}\n`);
  if (carried !== null) verifySameChain(carried, trust);
  const answeredDigest = carried?.fileDigest ?? fileDigest;
  const asked = options.url === undefined ? null : await askVerifier(options.url, answeredDigest);
  const verdict = verify({
    fileDigest,
    answeredDigest,
    answer: asked?.answer ?? carried!.answer,
    isCarried: carried !== null,
    licence: null,
    trust,
    live: asked?.live ?? null,
    evaluatedAt: Date.now(),
    at,
  });
  if (options.saveEvidence !== undefined && asked !== null)
    await saveEvidence(options.saveEvidence, trust, asked, answeredDigest);
  return answer(options, verdict, trust);
}

/** An auditor's package: without a network, whatever is asked for. */
async function verifyPacked(bytes: Uint8Array, options: VerifyOptions): Promise<number> {
  const { verifyPackageFile } = await import('./package.ts');
  const { url: _, ...offline } = options;
  const believed = await believedTrust(offline);
  if (typeof believed === 'string') return answer(options, undeterminedVerdict(believed, Date.now()), null);
  if (believed.isFirstSight) process.stderr.write(`${FIRST_SIGHT[options.lang]}\n`);
  return verifyPackageFile(bytes, believed.trust, options);
}

const FIRST_SIGHT = {
  'zh-CN': '首次使用该链的信任文件：已直接采信并记住，请另行核对其来源。',
  en: 'First trust file seen for this chain: taken on sight and remembered. Check where it came from.',
} as const;

/** The trust file to believe, or why none can be: that is an answer too, and it forbids any verdict. */
async function believedTrust(
  options: VerifyOptions,
): Promise<{ trust: Trust; isFirstSight: boolean } | 'TRUST_ROLLED_BACK' | 'BAD_SIGNATURE'> {
  const memory = new TrustMemory(options.data);
  const candidate =
    options.trust !== undefined
      ? await readTrustFile(options.trust)
      : options.url !== undefined
        ? await readable(fetchTrust(options.url))
        : await memory.recallOnly();
  try {
    return await memory.accept(candidate);
  } catch (error) {
    if (!isCodedError(error, 'UNTRUSTED') && !isCodedError(error, 'UNVERIFIED')) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.facts['reason'] === 'TRUST_ROLLED_BACK' ? 'TRUST_ROLLED_BACK' : 'BAD_SIGNATURE';
  }
}

function referenceOf(trust: Trust): ReturnType<typeof chainReferenceOf> {
  return chainReferenceOf(trust.chainId, trust.genesisHash, trust.anchorAddress);
}

function verifySameChain(evidence: Evidence, trust: Trust): void {
  const isSame = referenceOf(trust).every((byte, i) => byte === evidence.chainReference[i]);
  if (!isSame) throw malformed('the evidence and the trust file are about different chains');
}

type Asked = Awaited<ReturnType<typeof askVerifier>>;

/** An answer that cannot be read is the verifier's trouble, not the caller's: nothing was found out. */
async function readable<Answer>(answer: Promise<Answer>): Promise<Answer> {
  return answer.catch((error: unknown) => {
    if (!isCodedError(error, 'MALFORMED')) throw error;
    throw unavailable(`the verifier’s answer cannot be read: ${error.message}`);
  });
}

async function askVerifier(url: string, fileDigest: Evidence['fileDigest']) {
  const answer = await readable(gather(lookUpAt(url), fileDigest));
  return { answer, live: await readable(liveChainOf(url)) };
}

async function saveEvidence(path: string, trust: Trust, asked: Asked, fileDigest: Evidence['fileDigest']): Promise<void> {
  if (asked.answer.present.length === 0) {
    process.stderr.write('nothing is recorded about this file: no evidence to save\n');
    return;
  }
  const evidence = { chainReference: referenceOf(trust), fileDigest, takenAt: Date.now(), answer: asked.answer };
  await replaceFileDurably(path, encodeUtf8(`${JSON.stringify(formatEvidence(evidence))}\n`));
}

function answer(options: VerifyOptions, verdict: Verdict, trust: Trust | null): number {
  print(options, formatVerdict(verdict, options.lang), describeVerdict(verdict, options, trust));
  return exitOf(verdict.verdict);
}

function describeVerdict(verdict: Verdict, { lang }: CommonOptions, trust: Trust | null): string[] {
  const { licence, checkpoint, anchor } = verdict;
  const isChinese = lang === 'zh-CN';
  const lines = [`${nameVerdict(verdict.verdict, lang)}  ${verdict.reasons.join(' ')}`.trimEnd()];
  for (const code of verdict.reasons) lines.push(`  ${describeReason(code, lang)}`);
  if (trust?.sample === true)
    lines.push(isChinese ? '【样例】单机运行，没有独立的第三方' : '[SAMPLE] one machine, no independent party');
  if (licence !== null) {
    lines.push('', licence.identifier, `${licence.issuer.name} (${licence.issuer.code})`);
    const { successor } = licence.issuer;
    if (successor !== null)
      lines.push(`  ${isChinese ? '职责现由（机构改革）' : 'Function now with'}: ${successor.name} (${successor.code})`);
    for (const { name, value } of licence.fields)
      lines.push(`  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  }
  lines.push('');
  // One reason for everything is said once.
  const isOneReason = verdict.checks.every(({ outcome }) => outcome === 'unknown' || outcome === 'notAsked');
  for (const check of isOneReason ? verdict.checks.slice(0, 1) : verdict.checks) {
    lines.push(`${OUTCOME_MARK[check.outcome]} ${nameCheck(check.id, lang)}: ${describeCheck(check, lang)}`);
  }
  for (const finding of verdict.findings) lines.push(`! ${describeFinding(finding, lang)}`);
  if (checkpoint !== null) {
    lines.push('', `${isChinese ? '依据检查点' : 'Stands on checkpoint'} ${checkpoint.origin} ${checkpoint.size}`);
  }
  if (anchor !== null) {
    lines.push(
      `${isChinese ? '锚定区块' : 'Anchored in block'} ${anchor.blockNumber}, ${formatInstant(anchor.anchoredAt, lang)}`,
    );
  }
  return lines;
}
