/**
 * The real routes of a custodian's node over HTTP, a verifier's answers with a witness of its own, and what an auditor has on her machine: keys,
 * tokens, config, a trust file. The command line runs against it as a process.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatRegistryFacts } from '../../core/authority/facts-json.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { parseUscc } from '../../core/authority/uscc.ts';

import type { JsonObject, JsonValue } from '../../core/bytes/json.ts';
import { parseSignedRequest } from '../../core/access/request.ts';
import { chainReferenceOf, signAttestation } from '../../core/log/attestation.ts';
import { checkpointDigest } from '../../core/log/checkpoint.ts';
import { addCosignature, cosign, formatNote, parseNote } from '../../core/log/note.ts';
import { type AnchorClaim, formatAnchorClaim, formatLookupAnswer, type LogAnswer } from '../../core/verify/lookup.ts';
import { createKeyFile } from '../../service/key-file.ts';
import {
  accessorSigner,
  AUDITOR,
  CUSTODIAN,
  residentNumber,
  ROLE_TOKENS,
  signRequest,
  TestCustodian,
} from '../custodian/custodian.ts';
import { LOG_ID, makeLogDirectory, ORIGIN, QUANTUM } from '../custodian/fixture.ts';
import { bytesOf } from '../access/sample.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { bytesOf as fixtureBytes } from '../log/memory-log.ts';
import { deskTrust, WITNESS, witnessSigner } from './trust.ts';

const PASSPHRASE = 'a long passphrase';
const CLI = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly json: JsonObject;
}

export class Department {
  readonly directory: string;
  readonly custodian: TestCustodian;
  readonly #verifier: Server;
  readonly #claims: AnchorClaim[] = [];
  #note = '';
  /** Address of the verifier. */
  verifier = '';
  /** What reached the verifier: paths with their queries. */
  readonly asked: string[] = [];

  private constructor(directory: string, custodian: TestCustodian) {
    this.directory = directory;
    this.custodian = custodian;
    this.#verifier = createServer((request, response) => {
      this.asked.push(request.url!);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(this.#answer(request.url!)));
    });
  }

  static async start(): Promise<Department> {
    const log = await makeLogDirectory();
    // What is read before two quanta have passed lies in the past all the same.
    log.now = Date.now() - 2 * QUANTUM;
    const department = new Department(await mkdtemp(join(tmpdir(), 'veritrail-desk-')), await TestCustodian.start(log));
    await department.#open();
    return department;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  async #open(): Promise<void> {
    this.#verifier.listen(0, '127.0.0.1');
    await once(this.#verifier, 'listening');
    this.verifier = `http://127.0.0.1:${(this.#verifier.address() as AddressInfo).port}`;
    const secret = { mode: 0o600 };
    await writeFile(this.path('passphrase'), `${PASSPHRASE}\n`, secret);
    await writeFile(this.path('tokens.json'), JSON.stringify(ROLE_TOKENS), secret);
    const keys = { request: fixtureBytes('auditor request key'), one: bytesOf('officer 1'), two: bytesOf('officer 2') };
    for (const [name, bytes] of Object.entries(keys)) {
      const privateKey = parsePrivateKey(bytes);
      await createKeyFile(this.path(`${name}.key.json`), PASSPHRASE, {
        type: 'request',
        privateKey,
        publicKey: publicKeyOf(privateKey),
      });
    }
    const config = {
      requestKey: 'request.key.json',
      passphraseFile: 'passphrase',
      verifier: this.verifier,
      nodes: [{ origin: ORIGIN, url: this.custodian.url, tokenFile: 'tokens.json' }],
      system: '审计追查系统',
      terminal: '10.9.0.2',
    };
    await writeFile(this.path('desk.json'), JSON.stringify(config));
    await writeFile(this.path('trust.json'), JSON.stringify(deskTrust(this.custodian.facts)));
  }

  #answer(url: string): JsonValue {
    const { facts } = this.custodian;
    if (url === '/trust.json') return deskTrust(this.custodian.facts);
    if (url === '/v1/authorities')
      return { polledMsAgo: 10, facts: formatRegistryFacts({ ...facts, block: { ...facts.block, at: Date.now() } }) };
    if (url.includes('/anchors')) return { anchors: this.#claims.map(formatAnchorClaim) };
    const log: LogAnswer = { logId: LOG_ID, checkpoint: this.#note, polledMsAgo: 10, trouble: null, anchors: this.#claims };
    return formatLookupAnswer({ logs: [log], present: [], absent: [] });
  }

  /** The quantum passes; a witness cosigns and attests what is anchored. */
  async anchor(): Promise<void> {
    await this.custodian.anchor();
    const note = parseNote(await (await fetch(`${this.custodian.url}/checkpoint`)).text());
    const { checkpoint } = note;
    this.#note = formatNote(addCosignature(note, cosign(checkpoint, WITNESS, checkpoint.issuedAt, witnessSigner)));
    const [blockNumber, anchoredAt] = [100 + this.#claims.length, checkpoint.issuedAt];
    const blockHash = bytesOf(`block ${blockNumber}`);
    const chainReference = chainReferenceOf(20777, bytesOf('genesis'), bytesOf('anchor').subarray(0, 20));
    const attested = {
      chainReference,
      blockNumber,
      blockHash,
      blockAt: anchoredAt,
      checkpointDigest: checkpointDigest(checkpoint),
    };
    const attestations = [{ keyId: keyIdOf(witnessSigner.publicKey), signature: signAttestation(attested, witnessSigner) }];
    this.#claims.push({ checkpoint: this.#note, blockNumber, blockHash, anchoredAt, attestations });
  }

  /** Through the node, by an operator of the accessor; its agent's line of it. */
  async read(operator: string, ...persons: readonly number[]): Promise<JsonObject> {
    const request = await signRequest(
      {
        requestedAt: this.custodian.directory.now,
        operator: { id: operator, publicKey: null, role: '审批科员' },
        custodian: parseUscc(CUSTODIAN),
      },
      [accessorSigner],
    );
    const { json } = await this.custodian.event(persons.map(residentNumber), { request });
    const signed = parseSignedRequest(request);
    const outcome = (json['outcome'] ?? null) as JsonObject;
    const part = { finding: null, outcome, entries: [] };
    const digest = json['requestDigest']!;
    const at = signed.request.requestedAt;
    return {
      requestDigest: digest,
      sentAt: at,
      target: '/',
      request,
      salt: '',
      query: '',
      end: 'granted',
      endedAt: at,
      parts: [part],
    };
  }

  /** `veritrail …` as a process of its own. */
  async run(args: readonly string[], input?: string): Promise<Ran> {
    const child = execFile(process.execPath, [CLI, ...args, '--data', this.path('data')], {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    });
    child.stdin!.end(input ?? '');
    const read = async (stream: NodeJS.ReadableStream): Promise<string> => {
      let text = '';
      for await (const chunk of stream) text += String(chunk);
      return text;
    };
    const [stdout, stderr, [code]] = await Promise.all([read(child.stdout!), read(child.stderr!), once(child, 'close')]);
    const json = args.includes('--json') && stdout !== '' ? (JSON.parse(stdout) as JsonObject) : {};
    return { code: code as number, stdout, stderr, json };
  }

  /** A `trace` command on the case, by officer 1 unless told otherwise. */
  trace(args: readonly string[], { officer = 'A-01', key = 'one', input = '' } = {}): Promise<Ran> {
    const byOfficer = [
      '--officer',
      officer,
      '--officer-key',
      this.path(`${key}.key.json`),
      '--officer-passphrase-file',
      this.path('passphrase'),
    ];
    const isOfCase = ['show', 'package', 'open'].includes(args[0]!);
    return this.run(['trace', ...args, ...this.ofCase(), ...(isOfCase ? [] : byOfficer)], input);
  }

  ofCase(): string[] {
    return [
      '--case',
      this.path('leak.case'),
      '--case-passphrase-file',
      this.path('passphrase'),
      '--desk',
      this.path('desk.json'),
    ];
  }

  openCase(): Promise<Ran> {
    const officers = [`A-01:审计员=${this.path('one.key.json')}`, `A-02:复核=${this.path('two.key.json')}`];
    const facts = [
      '--authority',
      AUDITOR,
      '--number',
      '审〔2026〕3号',
      '--reason',
      '核查公民信息外泄线索',
      '--legal-basis',
      '审计法 第三十四条',
    ];
    return this.run(['trace', 'open', ...facts, ...officers.flatMap((one) => ['--officer', one]), ...this.ofCase()]);
  }

  async stop(): Promise<void> {
    this.#verifier.closeAllConnections();
    this.#verifier.close();
    await this.custodian.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
