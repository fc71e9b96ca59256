/** Everything that the running sample shows or leaves behind, as bytes: files, chain data, tiles, numbers, and what its indexes hold. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Level } from 'level';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { parseNote } from '../../core/log/note.ts';
import { formatTilePath, TILE_WIDTH, tileWidthAt } from '../../core/log/tile.ts';
import { fetchBytes } from '../../service/call/client.ts';
import { signCall } from '../../service/call/http-signature.ts';
import { readSecret } from '../../service/config.ts';
import { openSigner } from '../../service/signer.ts';
import type { Place } from './leaks.ts';
import type { System } from './system.ts';

/** Every file of a directory. */
export async function filesOf(directory: string): Promise<Place[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(files.map(async (path) => ({ path, bytes: await readFile(path) })));
}

/** Keys and values of every index, unpacked. The programs must have ended. */
export async function indexesOf(directory: string): Promise<Place[]> {
  const stores = (await filesOf(directory)).filter(({ path }) => path.endsWith('/CURRENT')).map(({ path }) => dirname(path));
  const places: Place[] = [];
  for (const path of stores) {
    const database = new Level<Uint8Array, Uint8Array>(path, { keyEncoding: 'view', valueEncoding: 'view' });
    const rows: Uint8Array[] = [];
    // Apart: a digest that two rows seem to make is none.
    for await (const [key, value] of database.iterator()) rows.push(key, Buffer.from('\n'), value, Buffer.from('\n'));
    await database.close();
    places.push({ path: `index ${path}`, bytes: Buffer.concat(rows) });
  }
  return places;
}

async function rpc(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return ((await answer.json()) as { result: unknown }).result;
}

/** Blocks with their transactions, and all events, as a node of the chain tells them. */
export async function chainOf({ ready }: System): Promise<Place[]> {
  const { url } = ready.chain;
  const head = Number(await rpc(url, 'eth_blockNumber', []));
  const blocks: unknown[] = [];
  for (let i = 0; i <= head; i++) blocks.push(await rpc(url, 'eth_getBlockByNumber', [`0x${i.toString(16)}`, true]));
  const logs = await rpc(url, 'eth_getLogs', [{ fromBlock: '0x0', toBlock: 'latest' }]);
  return [
    { path: 'blocks', bytes: encodeUtf8(JSON.stringify(blocks)) },
    { path: 'events', bytes: encodeUtf8(JSON.stringify(logs)) },
  ];
}

/** Entries and hashes of every log, asked for as a registered party may. */
export async function tilesOf({ ready, data }: System): Promise<Place[]> {
  const passphrase = await readSecret(join(data, 'keys', 'passphrase'));
  const signer = await openSigner(join(data, 'keys', 'government-request.key.json'), passphrase, 'request');
  const get = async (url: string): Promise<Uint8Array> => {
    const call = { method: 'GET', targetUri: url, body: new Uint8Array(), request: null };
    return fetchBytes(url, { headers: await signCall(call, signer, { createdAt: Date.now(), nonce: randomBytes(16) }) });
  };
  const places: Place[] = [];
  for (const { url, origin } of ready.nodes) {
    const note = await get(`${url}/checkpoint`);
    const { size } = parseNote(new TextDecoder().decode(note)).checkpoint;
    const tiles = [note];
    for (const level of ['entries', 0, 1] as const) {
      for (let tileIndex = 0, width = 1; ; tileIndex++) {
        width = tileWidthAt(size, level, tileIndex);
        if (width === 0) break;
        tiles.push(await get(`${url}${formatTilePath({ level, tileIndex, width })}`));
        if (width < TILE_WIDTH) break;
      }
    }
    places.push({ path: `tiles of ${origin}`, bytes: Buffer.concat(tiles) });
  }
  return places;
}

/** Ports on which a program of ours listens, by /proc: not every address is told to whoever starts it. */
async function portsOf(pid: number): Promise<number[]> {
  const table = (await readFile('/proc/net/tcp', 'utf8')).split('\n').slice(1);
  const listening = new Map<string, number>(
    table.flatMap((line) => {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      return state === '0A' ? [[`socket:[${inode}]`, parseInt(local!.split(':')[1]!, 16)] as const] : [];
    }),
  );
  const open = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return links.flatMap((link) => listening.get(link) ?? []);
}

/** What every program that has a page of numbers says there; by the program's name. */
export async function metricsOf({ ready }: System): Promise<Place[]> {
  const places: Place[] = [];
  for (const { name, pid } of ready.processes) {
    for (const port of await portsOf(pid)) {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null);
      if (answer?.ok === true) places.push({ path: `metrics of ${name}`, bytes: encodeUtf8(await answer.text()) });
    }
  }
  return places;
}
