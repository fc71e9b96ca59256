/** The auditor's desk in the sample: her authority's request key, and a way to each custodian's node; for `veritrail trace` and for the portal. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseKeyFile } from '../../core/sealed/key-file.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import type { CustodyLog } from './custody.ts';
import { codeOf, ROOT, writeConfig } from './place.ts';

export interface DeskTerms {
  readonly data: string;
  readonly verifier: string;
}

/** Served under it by the portal. */
export const DESK_PATH = '/desk/';

function placeOf(logs: readonly CustodyLog[], data: string): JsonObject {
  return {
    requestKey: join(data, 'keys', `${sample.auditor}-request.key.json`),
    passphraseFile: join(data, 'keys', 'passphrase'),
    nodes: logs.filter((log) => log.class === 'access').map(({ origin, url, tokens }) => ({ origin, url, tokenFile: tokens })),
    system: '样例审计平台',
    terminal: '审计室 1',
  };
}

/** Path of the file. */
export function writeDesk(logs: readonly CustodyLog[], { data, verifier }: DeskTerms): Promise<string> {
  return writeConfig(data, 'desk', { ...placeOf(logs, data), verifier });
}

/** In the portal's config. Of an officer's key file only what it shows without its passphrase. */
export async function portalDesk(logs: readonly CustodyLog[], data: string): Promise<JsonObject> {
  const officers = await Promise.all(
    sample.officers.map(async (name, i) => {
      const { publicKey } = parseKeyFile(new Uint8Array(await readFile(join(data, 'keys', `${name}.key.json`))));
      return { id: `A-0${i + 1}`, role: '审计员', publicKey: encodeHex(publicKey) };
    }),
  );
  const authority = codeOf(sample.auditor);
  return { ...placeOf(logs, data), authority, officers, webDir: join(ROOT, 'web/dist-desk') };
}
