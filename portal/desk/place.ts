/** A desk, opened: its authority's key, its officers, its journal. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseUscc } from '../../core/authority/uscc.ts';
import { decodeHex } from '../../core/bytes/bytes.ts';
import { malformed } from '../../core/bytes/error.ts';
import { originParts, parseOrigin } from '../../core/log/origin.ts';
import { parsePublicKey } from '../../core/sm/sm2.ts';
import { RateLimit } from '../../service/call/rate-limit.ts';
import { readSecret } from '../../service/config.ts';
import { openSigner } from '../../service/signer.ts';
import type { DeskConfig } from '../config.ts';
import type { Gate } from '../identity/guard.ts';
import { DeskJudge } from './judge.ts';
import { SigningJournal } from './journal.ts';
import type { DeskWorld } from './routes.ts';

export interface DeskTerms extends Pick<Gate, 'url'> {
  readonly config: DeskConfig;
  readonly dataDir: string;
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

/** A leaked list of a thousand persons takes some thousand calls; one stolen key should not take them all in a moment. */
const CALLS = { burst: 2400, perMinute: 1200 };

const keyOf = (hex: string) => parsePublicKey(decodeHex(hex));

/** Throws whatever key, passphrase and journal are refused with, MALFORMED for an officer or a key that stands there twice. */
export async function openDesk({ config, dataDir, clock, url, signal }: DeskTerms): Promise<DeskWorld> {
  const { authority, officers, system, terminal } = config;
  const areDistinct = (name: 'id' | 'publicKey'): boolean => new Set(officers.map((one) => one[name])).size === officers.length;
  if (!areDistinct('id') || !areDistinct('publicKey')) throw malformed('config: an officer or a key stands there twice');
  const signer = await openSigner(config.requestKey, await readSecret(config.passphraseFile), 'request');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const judge = new DeskJudge({
    authority: parseUscc(authority),
    officers: officers.map(({ id, role, publicKey }) => ({ id, role, publicKey: keyOf(publicKey) })),
    custodians: new Set(config.nodes.map(({ origin }) => originParts(parseOrigin(origin)).uscc)),
    caseKeys: [signer.publicKey, ...config.earlierKeys.map(keyOf)],
    system,
    terminal,
    clock,
  });
  const journal = await SigningJournal.open(join(dataDir, 'desk-signatures.ndjson'));
  return { config, judge, journal, signer, limit: new RateLimit({ ...CALLS, clock }), clock, url, signal };
}
