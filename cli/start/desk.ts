/** The config of the auditor's desk in the sample: her authority's request key, and a way to each custodian's node. Read by `veritrail trace`. */
import { join } from 'node:path';
import sample from '../../samples/consortium.json' with { type: 'json' };
import type { CustodyLog } from './custody.ts';
import { writeConfig } from './place.ts';

export interface DeskTerms {
  readonly data: string;
  readonly verifier: string;
}

/** Path of the file. */
export function writeDesk(logs: readonly CustodyLog[], { data, verifier }: DeskTerms): Promise<string> {
  return writeConfig(data, 'desk', {
    requestKey: join(data, 'keys', `${sample.auditor}-request.key.json`),
    passphraseFile: join(data, 'keys', 'passphrase'),
    verifier,
    nodes: logs.filter((log) => log.class === 'access').map(({ origin, url, tokens }) => ({ origin, url, tokenFile: tokens })),
    system: '样例审计平台',
    terminal: '审计室 1',
  });
}
