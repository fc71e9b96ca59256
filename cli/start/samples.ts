/** The sample licences of the embedded default: issued once, and their evidence renewed at every start. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError, unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { type JsonObject, parseJson } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import { chainReferenceOf } from '../../core/log/attestation.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { formatEvidence } from '../../core/verify/evidence.ts';
import { gather } from '../../core/verify/gather.ts';
import type { LookupAnswer } from '../../core/verify/lookup.ts';
import type { Trust } from '../../core/verify/trust.ts';
import type { ReasonCode, VerdictWord } from '../../core/verify/verdict.ts';
import { verify } from '../../core/verify/verify.ts';
import { readPrivateFile, replaceFileDurably } from '../../service/durable-file.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import { readInput } from '../command.ts';
import { exchange, liveChainOf, lookUpAt, readTrustFile } from '../reader.ts';

/** What to expect of a file when a verifier is asked about it without evidence. */
export interface Sample {
  readonly file: string;
  readonly evidence: string | null;
  readonly expect: VerdictWord;
  readonly reason: ReasonCode | null;
}

export interface SamplePlaces {
  /** Of the project. */
  readonly samples: string;
  readonly data: string;
  readonly node: string;
  readonly tokens: string;
  readonly verifier: string;
  readonly trust: string;
}

const CONFIRM_MS = 60_000;
const POLL_MS = 150;

type Licence = (typeof sample.licences)[number];

class SampleNode {
  readonly #url: string;
  readonly #tokens: Readonly<Record<string, string>>;

  constructor(url: string, tokens: Readonly<Record<string, string>>) {
    this.#url = url;
    this.#tokens = tokens;
  }

  /** The key makes a second try, or start, record nothing twice. The node may still wait for its register. */
  async write(role: string, path: string, body: JsonObject, idempotencyKey: string): Promise<JsonFields> {
    const headers = { authorization: `Bearer ${this.#tokens[role] ?? ''}`, 'idempotency-key': idempotencyKey };
    for (const until = Date.now() + CONFIRM_MS; ; await pause(POLL_MS)) {
      try {
        return new JsonFields(await exchange(this.#url, path, { body, headers }), 'answer');
      } catch (error) {
        if (!isCodedError(error, 'UNAVAILABLE') || Date.now() > until) throw error;
      }
    }
  }
}

async function issueSample(node: SampleNode, licence: Licence, digest: Hash): Promise<void> {
  const { type, serial, fields, file } = licence;
  const [validFrom, validTo] = [Date.parse(licence.validFrom), Date.parse(licence.validTo)];
  const body = { type, serial, version: 1, validFrom, validTo, fields, files: [encodeHex(digest)] };
  const answer = await node.write('issuer', '/v1/licences', body, `sample-issue-${file}`);
  if (licence.revoke === undefined) return;
  const identifier = answer.string('identifier');
  const revocation = { identifier, ...licence.revoke, effectiveAt: validFrom };
  await node.write('issuer', '/v1/licences/revoke', revocation, `sample-revoke-${file}`);
}

/** One byte changed, in a copy: what a forger or a bad disk would make of it. */
async function writeChanged(places: SamplePlaces, name: string): Promise<string> {
  const bytes = await readInput(join(places.samples, name));
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  const path = join(places.data, 'samples', name.replace(/(\.\w+)$/, '.changed$1'));
  await replaceFileDurably(path, bytes);
  return path;
}

/** Asks the verifier until it says what is expected. Throws UNAVAILABLE after a minute. */
async function confirm(places: SamplePlaces, trust: Trust, digest: Hash, expect: VerdictWord): Promise<LookupAnswer> {
  for (const until = Date.now() + CONFIRM_MS; Date.now() < until; await pause(POLL_MS)) {
    try {
      const answer = await gather(lookUpAt(places.verifier), digest);
      const live = await liveChainOf(places.verifier);
      const asked = { fileDigest: digest, answeredDigest: digest, answer, isCarried: false, licence: null, trust, live };
      const verdict = verify({ ...asked, evaluatedAt: Date.now(), at: null });
      if (verdict.verdict === expect && verdict.anchor !== null && verdict.checks.every(({ outcome }) => outcome !== 'unknown'))
        return answer;
    } catch (error) {
      // The verifier may still be reading the chain.
      if (!isCodedError(error)) throw error;
    }
  }
  throw unavailable('the verifier has not confirmed a sample within a minute');
}

export async function prepareSamples(places: SamplePlaces): Promise<Sample[]> {
  await mkdir(join(places.data, 'samples'), { recursive: true, mode: 0o700 });
  const tokens = parseJson(await readPrivateFile(places.tokens, 1 << 16)) as Record<string, string>;
  const node = new SampleNode(places.node, tokens);
  const digests = await Promise.all(sample.licences.map(async ({ file }) => sm3(await readInput(join(places.samples, file)))));
  for (const [i, licence] of sample.licences.entries()) await issueSample(node, licence, digests[i]!);
  await node.write('operator', '/v1/anchor', {}, `start-${Date.now()}`);

  const { trust } = await readTrustFile(places.trust);
  const chainReference = chainReferenceOf(trust.chainId, trust.genesisHash, trust.anchorAddress);
  const prepared: Sample[] = [];
  for (const [i, licence] of sample.licences.entries()) {
    const isRevoked = licence.revoke !== undefined;
    const expect = isRevoked ? 'invalid' : 'valid';
    const answer = await confirm(places, trust, digests[i]!, expect);
    const evidence = join(places.data, 'samples', `${licence.file}.evidence.json`);
    const kept = formatEvidence({ chainReference, fileDigest: digests[i]!, takenAt: Date.now(), answer });
    await replaceFileDurably(evidence, encodeUtf8(`${JSON.stringify(kept)}\n`));
    prepared.push({ file: join(places.samples, licence.file), evidence, expect, reason: isRevoked ? 'REVOKED' : null });
  }
  const notRecorded = { evidence: null, expect: 'undetermined', reason: 'NOT_RECORDED' } as const;
  prepared.push({ file: join(places.samples, 'SESV4SignDoc.ofd'), ...notRecorded });
  prepared.push({ file: await writeChanged(places, sample.licences[0]!.file), ...notRecorded });
  return prepared;
}
