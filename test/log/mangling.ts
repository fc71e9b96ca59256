/** The one rule every parser obeys: whatever is done to the bytes, they are refused or they parse back to themselves. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { decodeUtf8, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError, type ErrorCode } from '../../core/bytes/error.ts';

/** Each byte deleted, doubled, and incremented. */
export function* mangle(bytes: Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < bytes.length; i++) {
    const [before, after] = [bytes.slice(0, i), bytes.slice(i + 1)];
    yield Uint8Array.of(...before, ...after);
    yield Uint8Array.of(...before, bytes[i]!, bytes[i]!, ...after);
    yield Uint8Array.of(...before, (bytes[i]! + 1) % 256, ...after);
  }
}

/** `reformat` parses and formats again; returns how many manglings were refused. */
export function expectOneSpelling(bytes: Uint8Array, reformat: (bytes: Uint8Array) => Uint8Array): number {
  let refused = 0;
  for (const mangled of mangle(bytes)) {
    let again: Uint8Array;
    try {
      again = reformat(mangled);
    } catch (error) {
      if (!isCodedError(error, 'MALFORMED')) throw error;
      refused++;
      continue;
    }
    expect(encodeHex(again)).to.equal(encodeHex(mangled));
  }
  return refused;
}

/** As `expectOneSpelling`, for a text format. Bytes that are no UTF-8 never reach the parser. */
export function expectOneTextSpelling(text: string, reformat: (text: string) => string): number {
  return expectOneSpelling(encodeUtf8(text), (bytes) => encodeUtf8(reformat(decodeUtf8(bytes))));
}

export function expectRefusal(code: ErrorCode, action: () => unknown): void {
  let returned: unknown;
  try {
    returned = action();
  } catch (error) {
    if (isCodedError(error, code)) return;
    throw error;
  }
  expect.fail(`${code} expected, returned ${String(returned)}`);
}

/** A vector file's cases: `desc` names the rule, `want` is `ok` or the error code of the refusal. */
export function readVectors<Case>(file: string): (Case & { desc: string; want: 'ok' | ErrorCode })[] {
  const { cases } = JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8')) as {
    cases: (Case & { desc: string; want: 'ok' | ErrorCode })[];
  };
  return cases;
}
