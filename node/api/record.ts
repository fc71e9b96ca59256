/**
 * How a request becomes entries of an access or seals log: once, whatever happens in between. Sent again under its Idempotency-Key it is
 * answered the same.
 */
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { type Answers, identifyRequest } from '../log/answers.ts';
import { decodeRecorded, type Recorded, type Recording } from '../quantum/acceptance.ts';
import type { QuantumWriter } from '../quantum/writer.ts';

export interface RecordWorld {
  readonly answers: Answers;
  readonly writer: QuantumWriter;
}

export interface SentRequest<Prepared> {
  /** The Idempotency-Key; of persons, one that is hers alone. */
  readonly key: string;
  readonly route: string;
  readonly body: JsonObject;
  /** Throws a coded error to refuse it. */
  readonly prepare: () => Promise<Prepared & { readonly act: Omit<Recording, 'request'> }>;
  /** Null: an earlier run prepared it, or it was sent before. */
  readonly describe: (recorded: Recorded, prepared: Prepared | null) => Promise<JsonObject>;
}

/** The answer. Durable and promised when it returns. Throws what `prepare` throws, CONFLICT, UNAVAILABLE. */
export async function recordOnce<Prepared>({ answers, writer }: RecordWorld, sent: SentRequest<Prepared>): Promise<Uint8Array> {
  const request = identifyRequest(sent.key, sent.route, sent.body);
  return answers.once(request, async () => {
    const known = answers.find(request);
    if (known !== undefined) return encodeUtf8(JSON.stringify(await sent.describe(decodeRecorded(known), null)));
    writer.requireAccepting();
    const prepared = await sent.prepare();
    const recorded = await writer.submit({ request, ...prepared.act });
    return encodeUtf8(JSON.stringify(await sent.describe(recorded, prepared)));
  });
}
