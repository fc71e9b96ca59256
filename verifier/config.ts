/** The config file of a verifier or witness, and the secret a witness has. Paths are as given, from the directory of the start. */
import { z } from 'zod';
import { decodeUtf8 } from '../core/bytes/bytes.ts';
import { malformed } from '../core/bytes/error.ts';
import { readConfig } from '../service/config.ts';
import { readPrivateFile } from '../service/durable-file.ts';

const ADDRESS = z.string().regex(/^0x[0-9a-f]{40}$/);
const PATH = z.string().min(1);
/** Ends without a slash: paths are put behind it. */
const URL_BASE = z.url({ protocol: /^https?$/ }).regex(/[^/]$/);

const VERIFIER_CONFIG = z
  .strictObject({
    role: z.enum(['verifier', 'witness']),
    dataDir: PATH,
    host: z.string().default('127.0.0.1'),
    /** 0: the system's choice. */
    port: z.number().int().min(0).max(65_535).default(0),
    chain: z.strictObject({
      rpcUrl: z.url(),
      chainId: z.number().int().positive(),
      registry: ADDRESS,
      anchor: ADDRESS,
      /** Blocks that must follow a block before it counts. */
      confirmations: z.number().int().min(0).max(1_000).default(0),
      /** No event stands below it. */
      fromBlock: z.number().int().min(0).default(0),
    }),
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
    /** Built pages. Null: the interface alone. */
    webDir: PATH.nullable().default(null),
    pollMs: z.number().int().min(10).max(60_000).default(1_000),
    /** Stop when stdin ends: the starter died. */
    exitWithParent: z.boolean().default(false),
  })
  .refine(({ role, witness }) => (role === 'witness') === (witness !== null), { path: ['witness'] });
export type VerifierConfig = z.infer<typeof VERIFIER_CONFIG>;

/** Throws as `readConfig`. */
export function readVerifierConfig(path: string): Promise<VerifierConfig> {
  return readConfig(path, VERIFIER_CONFIG);
}

const MAX_PASSPHRASE_BYTES = 4096;

/** One line in a file that only its owner may read. Throws as `readPrivateFile`, and MALFORMED. */
export async function readPassphrase(path: string): Promise<string> {
  const text = decodeUtf8(await readPrivateFile(path, MAX_PASSPHRASE_BYTES)).replace(/\r?\n$/, '');
  if (text === '' || /[\r\n]/.test(text)) throw malformed('the file must hold one line', { path });
  return text;
}
