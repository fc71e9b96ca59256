/** What every program of the embedded default is started with: addresses on this machine, files under one directory. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import { replaceFileDurably } from '../../service/durable-file.ts';

export const ROOT = join(import.meta.dirname, '../..');
export const HOST = '127.0.0.1';

export interface ChainPlace {
  readonly [name: string]: string | number;
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly registry: string;
  readonly anchor: string;
  readonly court: string;
  readonly fromBlock: number;
  readonly confirmations: number;
}

/** Of an authority of the sample. */
export const codeOf = (id: string): string => sample.authorities.find((one) => one.id === id)!.code;

/** A port that was free a moment ago. Chosen here, because programs must know each other before they run. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, HOST, done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

export async function writeConfig(data: string, name: string, config: JsonObject): Promise<string> {
  const path = join(data, 'config', `${name}.json`);
  await replaceFileDurably(path, encodeUtf8(`${JSON.stringify(config, null, 2)}\n`));
  return path;
}
