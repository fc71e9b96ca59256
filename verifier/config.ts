/** The config file of a verifier, witness or monitor. */
import { z } from 'zod';
import { CHAIN_CONFIG } from '../chain/config.ts';
import { PATH, PORT, readConfig, URL_BASE } from '../service/config.ts';

const VERIFIER_CONFIG = z
  .strictObject({
    role: z.enum(['verifier', 'witness', 'monitor']),
    dataDir: PATH,
    host: z.string().default('127.0.0.1'),
    port: PORT,
    chain: CHAIN_CONFIG,
    /** Null: no verdicts here, and nobody's cosignature is waited for. */
    trustFile: PATH.nullable().default(null),
    /** Where nodes answer. The registry says which logs there are; one that is not here is not followed. */
    logs: z.array(z.strictObject({ origin: z.string(), url: URL_BASE })).max(10_000),
    /** Whom to ask for cosignatures and attestations. */
    witnesses: z
      .array(z.strictObject({ name: z.string(), url: URL_BASE }))
      .max(256)
      .default([]),
    /** The witness's own name and key. */
    witness: z.strictObject({ name: z.string(), key: PATH, passphraseFile: PATH }).nullable().default(null),
    /** A request key of the authority that runs this program, and in the registry: without it no access log is followed. */
    request: z.strictObject({ key: PATH, passphraseFile: PATH }).nullable().default(null),
    /** A consortium member's account: 64 hex characters. With it a monitor or witness brings charges to the court, and anchors for silent logs. */
    charges: z.strictObject({ accountFile: PATH }).nullable().default(null),
    /** Built pages. Null: the interface alone. */
    webDir: PATH.nullable().default(null),
    pollMs: z.number().int().min(10).max(60_000).default(1_000),
    /** Stop when stdin ends: the starter died. */
    exitWithParent: z.boolean().default(false),
  })
  .refine(({ role, witness }) => (role === 'witness') === (witness !== null), { path: ['witness'] })
  .refine(({ role, charges }) => role !== 'verifier' || charges === null, { path: ['charges'] });
export type VerifierConfig = z.infer<typeof VERIFIER_CONFIG>;

/** Throws as `readConfig`. */
export function readVerifierConfig(path: string): Promise<VerifierConfig> {
  return readConfig(path, VERIFIER_CONFIG);
}
