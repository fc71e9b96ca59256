/** What a log asks before it signs: a witness that has seen another log under its name stops it, and nobody else's word does. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { formatNote, signNote } from '../../core/log/note.ts';
import { signerOf } from '../../core/log/signer.ts';
import { parsePrivateKey } from '../../core/sm/sm2.ts';
import { Resumption } from '../../node/resumption.ts';
import { bytesOf } from '../log/memory-log.ts';
import {
  type LogDirectory,
  LOG_ID,
  makeLogDirectory,
  type OpenLog,
  ORIGIN,
  say,
  silent,
  openLog,
  startLog,
  TERMS,
} from './fixture.ts';
import { REGISTERED } from './register-host.ts';

describe('a log that is to go on', () => {
  let directory: LogDirectory;
  let open: OpenLog;
  let server: Server;
  /** What the witness answers at /seen; null: it knows nothing. */
  let seen: string | null;
  let url: string;

  beforeEach(async () => {
    directory = await makeLogDirectory();
    const before = await startLog(directory);
    await before.writer.submit(say('a', '1'));
    await before.close();
    open = await openLog(directory);
    seen = null;
    server = createServer((request, response) => {
      const isAsked = request.url === `/seen/${encodeHex(LOG_ID)}` && seen !== null;
      response.writeHead(isAsked ? 200 : 404, isAsked ? {} : { 'content-type': 'application/problem+json' });
      response.end(isAsked ? seen : JSON.stringify({ code: 'NOT_FOUND', detail: '' }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await open.close();
    await directory.remove();
  });

  const SILENT_URL = 'http://127.0.0.1:9';
  async function attempt(
    registerUrl: string | null,
    others: readonly string[] = [],
    poll = () => Promise.resolve(),
  ): Promise<void> {
    const follower = { poll, facts: REGISTERED };
    const { signal } = new AbortController();
    const asked = { registerUrl, others, timeoutMs: 2_000, signal };
    await new Resumption({ ...open, origin: ORIGIN, follower, ...asked, logger: silent }).attempt(TERMS);
  }

  const own = (): Checkpoint => open.writer.newest!.checkpoint;
  function told(changes: Partial<Checkpoint>, key = 'log key'): string {
    const signer = signerOf(parsePrivateKey(bytesOf(key)));
    return JSON.stringify({ logId: '', checkpoint: formatNote(signNote({ ...own(), ...changes }, signer)), anchor: null });
  }
  const OTHER = { rootHash: bytesOf('root'), mapRoot: bytesOf('map') };

  test('does when witnesses have seen nothing of it, or what it holds', async () => {
    await attempt(url, [url]);
    expect(open.writer.trouble).to.equal(null);
    await open.close();
    open = await openLog(directory);
    seen = told({});
    await attempt(url);
    expect(open.writer.trouble).to.equal(null);
  });

  for (const [what, changes] of [
    ['a larger log', { size: 2, ...OTHER }],
    ['another tree of its size', { rootHash: OTHER.rootHash }],
    ['another map of its size', { mapRoot: OTHER.mapRoot }],
  ] as const) {
    test(`stops for good when its witness has seen ${what}`, async () => {
      seen = told(changes);
      await attempt(url);
      expect(open.writer.isWaiting).to.equal(false);
      expect(open.writer.trouble).to.contain('a witness has seen');
      seen = null;
      await attempt(url);
      expect(open.writer.trouble).to.contain('a witness has seen');
    });
  }

  test('stops for good when another witness has seen it', async () => {
    seen = told({ size: 2, ...OTHER });
    await attempt(null, [url]);
    expect(open.writer.trouble).to.contain('a witness has seen');
  });

  test('does not listen to what no key of the log signed', async () => {
    seen = told({ size: 2, ...OTHER }, 'a stranger');
    await attempt(url);
    expect(open.writer.trouble).to.equal(null);
  });

  test('waits while the witness that keeps its register does not answer, or answers something else', async () => {
    await attempt(SILENT_URL);
    expect(open.writer.isWaiting).to.equal(true);
    seen = '{"checkpoint":"newest"}';
    await attempt(url);
    expect(open.writer.isWaiting).to.equal(true);
    seen = null;
    await attempt(url);
    expect(open.writer.trouble).to.equal(null);
  });

  test('does not wait for other witnesses', async () => {
    await attempt(url, [SILENT_URL]);
    expect(open.writer.trouble).to.equal(null);
  });

  test('waits while the chain does not answer', async () => {
    await attempt(url, [], () => Promise.reject(unavailable('no chain')));
    expect(open.writer.isWaiting).to.equal(true);
  });
});
