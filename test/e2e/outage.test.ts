/** What breaks and what must survive it: a silent chain, killed and stopped processes, a node that withholds or lies. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { anchorCheckpoint } from '../../chain/anchor-call.ts';
import { ChainSender } from '../../chain/sender.ts';
import { exchange, liveChainOf, lookUpAt, readTrustFile } from '../../cli/reader.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { type Hash, hashFromHex } from '../../core/bytes/hash.ts';
import { encodeCheckpoint } from '../../core/log/checkpoint.ts';
import { parseNote } from '../../core/log/note.ts';
import { fileSecret } from '../../core/log/slot.ts';
import { decodeHashTile, formatTilePath } from '../../core/log/tile.ts';
import { rootAt } from '../../core/log/tree.ts';
import { proveConsistency } from '../../core/log/tree-proof.ts';
import { gather } from '../../core/verify/gather.ts';
import { presentRows } from '../../core/verify/told.ts';
import { verify } from '../../core/verify/verify.ts';
import { createLogger } from '../../service/logger.ts';
import { openSigner } from '../../service/signer.ts';
import { bytesOf, MemoryTree } from '../log/memory-log.ts';
import { dropFiles, openBrowser, shownVerdict } from '../system/page.ts';
import { ROOT, System, until } from '../system/system.ts';

let system: System;
let browser: Browser;
const PATH_CLIP = join(ROOT, 'samples/testPathClip.ofd');

before(async () => {
  system = await System.start(await System.newData(), ['--beat', '1000']);
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await system?.remove();
});

describe('a chain that does not answer', () => {
  test('leaves every verdict undetermined, in page and interface, until it answers again', async () => {
    const page = await browser.newPage();
    await page.goto(system.ready.verifier);
    expect((await dropFiles(page, [PATH_CLIP])).verdict).to.equal('valid');
    const chain = await system.pidOf('chain');
    process.kill(chain, 'SIGSTOP');
    try {
      const said = await until(
        40,
        () => system.askFile(PATH_CLIP),
        ({ verdict }) => verdict !== 'valid',
      );
      expect([said.verdict, said.reasons]).to.deep.equal(['undetermined', ['CHAIN_UNREACHABLE']]);
      const other = await browser.newPage();
      await other.goto(system.ready.verifier);
      const shown = await dropFiles(other, [PATH_CLIP]);
      expect(shown).to.deep.equal({ verdict: 'undetermined', reasons: ['CHAIN_UNREACHABLE'] });
      process.kill(chain, 'SIGCONT');
      await until(
        40,
        () => system.askFile(PATH_CLIP),
        ({ verdict }) => verdict === 'valid',
      );
      await until(
        40,
        () => shownVerdict(other),
        ({ verdict }) => verdict === 'valid',
      );
    } finally {
      process.kill(chain, 'SIGCONT');
    }
  });
});

interface Issued {
  readonly key: string;
  readonly digest: string;
  readonly entries: readonly { leafHash: string; index: number }[];
}

/** Repeats one write with one key until it is confirmed. */
async function issueUntilConfirmed(n: number): Promise<Issued> {
  const digest = createHash('sm3').update(`kill test ${n}`).digest('hex');
  const body = {
    type: '11999900MB0000004W001',
    serial: `KILL${String(n).padStart(4, '0')}`,
    version: 1,
    validFrom: Date.UTC(2026, 0, 1),
    validTo: null,
    fields: { ZZMC: '采矿许可证' },
    files: [digest],
  };
  const key = `kill-${n}`;
  const end = Date.now() + 120_000;
  for (;;) {
    const answer = await system.write('issuer', '/v1/licences', body, key).catch(() => null);
    if (answer?.status === 201) return { key, digest, entries: (answer.body as Issued).entries };
    if (answer !== null && answer.status < 500) throw new Error(`issue ${n}: ${JSON.stringify(answer)}`);
    if (Date.now() > end) throw new Error(`issue ${n} was never confirmed: ${JSON.stringify(answer)}`);
    await pause(100);
  }
}

describe('killing and stopping each process during 200 issues', () => {
  test('loses no confirmed licence and records none twice', async () => {
    const { size: sizeBefore } = parseNote(await (await fetch(`${system.issuer.url}/checkpoint`)).text()).checkpoint;
    const issued: Issued[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < 200) {
        issued.push(await issueUntilConfirmed(next++));
        await pause(150);
      }
    };
    const trouble = async (): Promise<void> => {
      for (const name of ['node-issuer', 'chain', 'witness', 'verifier', 'node-outsider']) {
        await pause(400);
        process.kill(await system.pidOf(name), 'SIGKILL');
        await pause(900);
      }
      for (const name of ['node-issuer', 'chain', 'witness', 'verifier', 'node-outsider']) {
        const pid = await system.pidOf(name);
        process.kill(pid, 'SIGSTOP');
        await pause(1200);
        process.kill(pid, 'SIGCONT');
      }
      process.kill(await system.pidOf('node-issuer'), 'SIGKILL');
    };
    await Promise.all([trouble(), worker(), worker(), worker(), worker()]);
    expect(issued).to.have.length(200);

    const places = issued.flatMap(({ entries }) => entries.map(({ index }) => index));
    expect(new Set(places).size, 'two confirmed entries at one index').to.equal(400);
    for (const one of issued.slice(0, 5))
      expect((await issueUntilConfirmed(Number(one.key.slice(5)))).entries).to.deep.equal(one.entries);

    await until(
      60,
      () => system.write('issuer', '/v1/anchor', {}, `kill-anchor-${Date.now()}`, 'operator'),
      ({ status }) => status < 300,
    );
    const { trust } = await readTrustFile(system.ready.trust);
    const shownValid = async (digest: string): Promise<boolean> => {
      const fileDigest = hashFromHex(digest);
      const answer = await gather(lookUpAt(system.ready.verifier), fileDigest);
      const logId = hashFromHex(system.issuer.logId);
      if (presentRows(answer, logId, fileSecret(fileDigest)).length > 1) throw new Error('a file is recorded twice');
      const live = await liveChainOf(system.ready.verifier);
      const asked = { fileDigest, answeredDigest: fileDigest, answer, isCarried: false, licence: null, trust, live };
      const { verdict, checks } = verify({ ...asked, evaluatedAt: Date.now(), at: null });
      // One issue entry per licence: more would be a second record.
      return verdict === 'valid' && checks.find(({ id }) => id === 'status')?.facts['entries'] === 1;
    };
    for (const { digest } of issued)
      await until(
        60,
        () => shownValid(digest),
        (isShown) => isShown,
      );
    const { size } = parseNote(await (await fetch(`${system.issuer.url}/checkpoint`)).text()).checkpoint;
    expect(size - sizeBefore).to.equal(400);
  });
});

/** A witness of the same configuration, but for its state and where it finds the issuer's log. */
async function startWitness(name: string, issuerUrl: string): Promise<{ url: string; stop: () => void }> {
  const config = JSON.parse(await readFile(join(system.data, 'config/witness.json'), 'utf8')) as {
    logs: { origin: string; url: string }[];
  };
  const logs = config.logs.map((log) => (log.origin === system.issuer.origin ? { ...log, url: issuerUrl } : log));
  const path = join(system.data, 'config', `${name}.json`);
  await writeFile(path, JSON.stringify({ ...config, dataDir: join(system.data, name), port: 0, logs }));
  const child = spawn(process.execPath, [join(ROOT, 'verifier/main.ts'), '--config', path], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    child.stdout.resume();
    return { url: (JSON.parse(line) as { url: string }).url, stop: () => void child.kill('SIGKILL') };
  }
  throw new Error('the witness did not start');
}

/** Passes everything on to the issuer's node but what `answer` takes. */
async function standBefore(
  answer: (path: string) => { status: number; body: Uint8Array } | null,
): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const own = answer(request.url ?? '');
    if (own !== null) {
      response.writeHead(own.status).end(own.body);
      return;
    }
    fetch(`${system.issuer.url}${request.url}`)
      .then(async (real) =>
        response
          .writeHead(real.status, { 'content-type': real.headers.get('content-type') ?? '' })
          .end(Buffer.from(await real.arrayBuffer())),
      )
      .catch(() => response.writeHead(502).end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

async function seenStatus(witness: string, logId: string, size: number): Promise<number> {
  return (await fetch(`${witness}/seen/${logId}?size=${size}`)).status;
}

describe('a node that is not honest', () => {
  const lies: Record<string, (path: string) => { status: number; body: Uint8Array } | null> = {
    'withholds its entries': (path) => (path.startsWith('/tile/') ? { status: 404, body: new Uint8Array() } : null),
    'serves other entries': (path) => (path.startsWith('/tile/entries/') ? { status: 200, body: new Uint8Array(76 * 10) } : null),
  };
  for (const [name, answer] of Object.entries(lies)) {
    test(`(${name}) gets no cosignature, and an honest log does`, async () => {
      const { url, server } = await standBefore(answer);
      const witness = await startWitness(`witness-${name.replaceAll(' ', '-')}`, url);
      try {
        const sizeOf = async (node: string): Promise<number> =>
          parseNote(await (await fetch(`${node}/checkpoint`)).text()).checkpoint.size;
        // An empty log has no entries to withhold: what counts is the checkpoint with entries.
        const [dishonest, honest] = [await sizeOf(system.issuer.url), await sizeOf(system.node('outsider').url)];
        expect(dishonest).to.be.greaterThan(0);
        await until(
          30,
          () => seenStatus(witness.url, system.node('outsider').logId, honest),
          (status) => status === 200,
        );
        await pause(3000);
        expect(await seenStatus(witness.url, system.issuer.logId, dishonest)).to.equal(404);
      } finally {
        witness.stop();
        server.closeAllConnections();
        server.close();
      }
    });
  }

  test('(anchors a map root that its entries do not give) gets no cosignature for it; another tree the chain refuses', async () => {
    const { url: witnessUrl } = JSON.parse(await readFile(join(system.data, 'config/verifier.json'), 'utf8')).witnesses[0] as {
      url: string;
    };
    const outsider = system.node('outsider');
    const { checkpoint } = parseNote(await (await fetch(`${outsider.url}/checkpoint`)).text());
    const passphrase = (await readFile(join(system.data, 'keys/passphrase'), 'utf8')).trim();
    const signer = await openSigner(join(system.data, 'keys/outsider-log.key.json'), passphrase, 'log');
    const sender = new ChainSender({
      rpcUrl: system.ready.chain.url,
      privateKeyHex: (await readFile(join(system.data, 'keys/outsider.account'), 'utf8')).trim(),
      chainId: system.ready.chain.chainId,
      logger: createLogger({ program: 'test', level: 'fatal' }),
      timeoutMs: 10_000,
    });
    /** Signed by the log's key. The error that the contract refuses it with, or null. */
    const anchor = async (size: number, rootHash: Hash, consistencyProof: readonly Hash[]): Promise<unknown> => {
      const lie = { size, rootHash, mapRoot: bytesOf('map'), issuedAt: Date.now() };
      const signature = await signer.sign(encodeCheckpoint({ origin: checkpoint.origin, ...lie }));
      const input = { ...lie, logId: hashFromHex(outsider.logId), keyId: signer.keyId, signature, consistencyProof };
      return anchorCheckpoint(sender, system.ready.chain.anchor, input).then(
        () => null,
        (error: unknown) => (isCodedError(error, 'CONFLICT') ? error.facts['error'] : Promise.reject(error as Error)),
      );
    };
    const tree = await treeAt(outsider.url, checkpoint.size);
    tree.append(bytesOf('an entry that the map does not hold'));
    const { size } = tree;
    expect(await anchor(size, rootAt(size, tree), proveConsistency(checkpoint.size, size, tree))).to.equal(null);
    tree.append(bytesOf('one more'));
    expect(await anchor(tree.size, bytesOf('root'), proveConsistency(size, tree.size, tree))).to.equal('NotExtending');
    const statusOf = async (): Promise<{ trouble: string | null } | undefined> => {
      const { logs } = (await exchange(system.ready.verifier, '/v1/status')) as {
        logs: { logId: string; trouble: string | null }[];
      };
      return logs.find(({ logId }) => logId === outsider.logId);
    };
    await until(60, statusOf, (log) => log?.trouble !== null && log?.trouble !== undefined);
    expect((await fetch(`${witnessUrl}/seen/${outsider.logId}?size=${size}`)).status).to.equal(404);
    expect((await system.askFile(PATH_CLIP)).verdict).to.equal('valid');
  });
});

/** The tree that a node published, from its tiles. */
async function treeAt(url: string, size: number): Promise<MemoryTree> {
  const tree = new MemoryTree();
  const path = formatTilePath({ level: 0, tileIndex: 0, width: size });
  const tile = size === 0 ? new ArrayBuffer() : await (await fetch(url + path)).arrayBuffer();
  for (const leafHash of decodeHashTile(new Uint8Array(tile), size)) tree.append(leafHash);
  return tree;
}
