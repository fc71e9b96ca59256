/**
 * Questions to the server of this page. Every one has a time-out, every answer a cap; nothing that comes back is believed here. A refusal keeps
 * what it says about the question: `refusal` makes it an error.
 */
import { unavailable } from '../../core/bytes/error.ts';
import { canonicalJson, type JsonValue, parseJson } from '../../core/bytes/json.ts';

export interface Question {
  /** Sent by POST; without it the question is a GET. */
  readonly send?: JsonValue;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly credentials: 'omit' | 'same-origin';
  readonly refusal: (response: Response) => Error | Promise<Error>;
}

/** The time-out counts until the last byte of the answer. Throws UNAVAILABLE, MALFORMED for an answer that is no JSON, and what `refusal` makes. */
export async function askServer(path: string, question: Question): Promise<JsonValue> {
  const { send, headers = {}, timeoutMs, maxBytes, credentials, refusal } = question;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  const type = { 'Content-Type': 'application/json' };
  const sent: RequestInit =
    send === undefined ? { headers } : { method: 'POST', headers: { ...type, ...headers }, body: canonicalJson(send) };
  let text: string;
  try {
    const response = await fetch(path, { ...sent, cache: 'no-store', credentials, signal: controller.signal });
    if (!response.ok) throw await refusal(response);
    text = await response.text();
  } catch (error) {
    // What fetch itself throws: no connection, cut off, or our own time-out.
    throw error instanceof DOMException || error instanceof TypeError ? unavailable('no answer', {}, error) : error;
  } finally {
    clearTimeout(timer);
  }
  return parseJson(text, { maxBytes });
}
