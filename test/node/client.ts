/** A department's client: asks a node over HTTP and believes nothing that core/ does not confirm. */
import { expect } from 'chai';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { type JsonValue, parseJson } from '../../core/bytes/json.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { type ProvenEntry, verifyHistory } from '../../core/log/history.ts';
import { parseNote, verifyNote } from '../../core/log/note.ts';
import { type HistorySecret, slotAt } from '../../core/log/slot.ts';
import { decodeSlotProof } from '../../core/log/slot-proof.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { type LookupAnswer, parseLookupAnswer } from '../../core/verify/lookup.ts';
import { LOG_KEY, TOKENS, TYPE } from './department.ts';
import type { SaidAnswer } from './fixture.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: JsonObject;
  readonly headers: Headers;
}

export interface Told {
  readonly answer: LookupAnswer;
  readonly checkpoint: Checkpoint;
  readonly entries: readonly ProvenEntry[];
}

export const digestOf = (name: string): string => encodeHex(sm3(encodeUtf8(name)));

export function issueBody(serial: string, changes: JsonObject = {}): JsonObject {
  return {
    type: TYPE,
    serial,
    version: 1,
    validFrom: Date.UTC(2026, 0, 1),
    validTo: Date.UTC(2036, 0, 1),
    fields: { ZZMC: '采矿许可证', KZ_KSMC: '样例矿山', KZ_FDDBR: '法定代表人张三' },
    files: [digestOf(`file ${serial}`)],
    ...changes,
  };
}

export class Client {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async get(path: string): Promise<Response> {
    return fetch(this.url + path);
  }

  async post(path: string, body: JsonValue | string, headers: Record<string, string>): Promise<Answer> {
    const sent = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(this.url + path, {
      method: 'POST',
      body: sent,
      headers: { 'content-type': 'application/json', ...headers },
    });
    const text = await response.text();
    return { status: response.status, text, json: parseJson(text) as JsonObject, headers: response.headers };
  }

  write(path: string, key: string, body: JsonValue | string): Promise<Answer> {
    return this.post(path, body, { authorization: `Bearer ${TOKENS.issuer}`, 'idempotency-key': key.replaceAll(' ', '-') });
  }

  issue(key: string, body: JsonValue = issueBody(key)): Promise<Answer> {
    return this.write('/v1/licences', key, body);
  }

  act(kind: string, key: string, identifier: string): Promise<Answer> {
    const body = { identifier, reason: '检查发现', legalBasis: '矿产资源法第四十条', effectiveAt: Date.UTC(2026, 5, 1) };
    return this.write(`/v1/licences/${kind}`, key, body);
  }

  anchor(): Promise<Answer> {
    return this.post('/v1/anchor', {}, { authorization: `Bearer ${TOKENS.operator}` });
  }

  async checkpoint(): Promise<Checkpoint> {
    const note = parseNote(await (await this.get('/checkpoint')).text());
    verifyNote(note, LOG_KEY);
    return note.checkpoint;
  }

  async lookUp(question: JsonObject): Promise<LookupAnswer> {
    const { json, status } = await this.post('/v1/lookup', question, {});
    expect(status).to.equal(200);
    return parseLookupAnswer(json);
  }

  /** All that the log says about `h`, proven. */
  async history(h: HistorySecret, question: JsonObject = {}): Promise<Told> {
    const slots = Array.from({ length: 16 }, (_, i) => slotAt(h, i));
    const answer = await this.lookUp({ ...question, slots: slots.map(encodeHex) });
    const note = parseNote(answer.logs[0]!.checkpoint);
    verifyNote(note, LOG_KEY);
    const items = answer.present.map(({ entry, index, inclusion, map }) => ({
      entryBytes: entry,
      entryIndex: index,
      inclusionProof: inclusion,
      slotProof: decodeSlotProof(map),
    }));
    const absence = decodeSlotProof(answer.absent[0]!.map);
    const { checkpoint } = note;
    return { answer, checkpoint, entries: verifyHistory({ h, checkpoint, logClass: 'licence' }, { items, absence }) };
  }
}

export function saidIn({ text }: Answer): SaidAnswer {
  return JSON.parse(text) as SaidAnswer;
}
