/** A node's config file. */
import { z } from 'zod';
import { CHAIN_CONFIG } from '../chain/config.ts';
import { PATH, PORT, readConfig, URL_BASE } from '../service/config.ts';

const NODE_CONFIG = z.strictObject({
  /** `<consortium>/<USCC>/<name>`: the log. */
  origin: z.string(),
  dataDir: PATH,
  host: z.string().default('127.0.0.1'),
  port: PORT,
  chain: CHAIN_CONFIG,
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
