/** A node's config file, and the secrets it names. Every path is as given, from the directory the program was started in. */
import { z } from 'zod';
import { decodeUtf8 } from '../core/bytes/bytes.ts';
import { malformed } from '../core/bytes/error.ts';
import { readConfig } from '../service/config.ts';
import { readPrivateFile } from '../service/durable-file.ts';

const ADDRESS = z.string().regex(/^0x[0-9a-f]{40}$/);
const PATH = z.string().min(1);
/** Ends without a slash: paths are put behind it. */
const URL_BASE = z.url({ protocol: /^https?$/ }).regex(/[^/]$/);

const NODE_CONFIG = z.strictObject({
  /** `<consortium>/<USCC>/<name>`: the log. */
  origin: z.string(),
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
  keys: z.strictObject({ log: PATH, document: PATH }),
  passphraseFile: PATH,
  /** 64 hex characters, the key of the account that anchors. */
  accountFile: PATH,
  /** {"issuer": token, "operator": token}; the first start makes it. */
  tokensFile: PATH,
  /** The witness that keeps the log's swap register. Without one it is a file in dataDir, and is restored with it. */
  register: z.strictObject({ url: URL_BASE }).optional(),
  /** Further witnesses, asked what they have seen of the log before it signs after a start or an unanswered swap. */
  witnesses: z
    .array(z.strictObject({ url: URL_BASE }))
    .max(256)
    .optional(),
  /** Between two anchors; the registry's beat unless given. */
  beatMs: z.number().int().min(100).optional(),
  /** For each licence type the fields that are not personal. They are shown to whoever has the file; no others are. */
  publicFields: z.record(z.string().regex(/^[0-9A-Z]{21}$/), z.array(z.string().min(1).max(64)).max(256)).default({}),
  /** Stop when stdin ends: the starter died. */
  exitWithParent: z.boolean().default(false),
});
export type NodeConfig = z.infer<typeof NODE_CONFIG>;

/** Throws as `readConfig`. */
export function readNodeConfig(path: string): Promise<NodeConfig> {
  return readConfig(path, NODE_CONFIG);
}

const MAX_SECRET_BYTES = 4096;

/** One line of text in a file that only its owner may read, without its line end. Throws as `readPrivateFile`, and MALFORMED. */
export async function readSecret(path: string): Promise<string> {
  const text = decodeUtf8(await readPrivateFile(path, MAX_SECRET_BYTES)).replace(/\r?\n$/, '');
  if (text === '' || /[\r\n]/.test(text)) throw malformed('the file must hold one line', { path });
  return text;
}

/** 64 lower-case hex characters. Throws as `readSecret`. */
export async function readAccountKey(path: string): Promise<string> {
  const text = await readSecret(path);
  if (!/^[0-9a-f]{64}$/.test(text)) throw malformed('the account file must hold 64 lower-case hex characters', { path });
  return text;
}
