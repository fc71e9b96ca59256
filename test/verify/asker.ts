/** Whoever asks what to make of a file, over the answers of a story. */
import type { Hash } from '../../core/bytes/hash.ts';
import { gather } from '../../core/verify/gather.ts';
import { type Question, verify } from '../../core/verify/verify.ts';
import type { Check, CheckId, Verdict } from '../../core/verify/verdict.ts';
import { digestOf, Story } from './story.ts';

export const FILE = digestOf('file');

export interface Ask extends Partial<Question> {
  readonly file?: Hash;
  readonly offline?: boolean;
}

export async function ask(story: Story, { file = FILE, offline = false, ...changes }: Ask = {}): Promise<Verdict> {
  const answer = changes.answer ?? (await gather(story.lookUp, changes.answeredDigest ?? file, changes.licence ?? null));
  return verify({
    fileDigest: file,
    answeredDigest: file,
    answer,
    isCarried: offline,
    licence: null,
    trust: story.trust(),
    live: offline ? null : { facts: story.facts, ageMs: 100 },
    evaluatedAt: story.clock + 1000,
    at: null,
    ...changes,
  });
}

export function checkOf(verdict: Verdict, id: CheckId): Check {
  return verdict.checks.find((one) => one.id === id)!;
}

/** The outcome of a check and its reason in one line. */
export function outcomeOf(verdict: Verdict, id: CheckId): string {
  const { outcome, code } = checkOf(verdict, id);
  return code === null ? outcome : `${outcome} ${code}`;
}

/** The verdict and its reasons in one line. */
export function short({ verdict, reasons }: Verdict): string {
  return [verdict, ...reasons].join(' ');
}

/** Issued between two anchors, so that both ends of its proved time are known. */
export function issued(): Story {
  const story = new Story();
  story.anchor();
  story.issue({ files: [FILE] });
  story.anchor();
  return story;
}
