/** Where lies about licences are played: the ground, an honest department's node, and a department that keeps one log for each lie. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { type JsonObject, parseJson } from '../../core/bytes/json.ts';
import { logIdOf, parseOrigin, type Origin } from '../../core/log/origin.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import { Founding } from './founding.ts';
import { codeOf, Ground, HOST } from './ground.ts';
import { type Lie, LIES } from './lies.ts';
import { freePort } from './program.ts';

/** A log of the lying department, and where its node will answer. */
export interface EvilPlace {
  readonly lie: Lie;
  readonly origin: Origin;
  readonly logId: string;
  readonly licenceType: string;
  readonly port: number;
  readonly url: string;
}

export interface Honest {
  readonly url: string;
  readonly token: string;
}

export class Stage {
  readonly ground: Ground;
  readonly evil: readonly EvilPlace[];
  readonly honest: Honest;

  private constructor(ground: Ground, evil: readonly EvilPlace[], honest: Honest) {
    this.ground = ground;
    this.evil = evil;
    this.honest = honest;
  }

  static async start(lies: readonly Lie[] = LIES): Promise<Stage> {
    const ground = await Ground.lay();
    try {
      const evil = await found(ground, lies);
      const honest = { origin: `${sample.consortium}/${codeOf('issuer')}/licences`, url: `http://${HOST}:${await freePort()}` };
      await ground.startReaders([honest, ...evil.map(({ origin, url }) => ({ origin, url }))]);
      return new Stage(ground, evil, await startHonest(ground, honest));
    } catch (error) {
      await ground.end();
      throw error;
    }
  }

  end(): Promise<void> {
    return this.ground.end();
  }

  async startEvil({ lie, origin, url }: EvilPlace): Promise<void> {
    await startNode(this.ground, 'evil', 'test/evil/main.ts', { origin, url }, {}, '--evil', lie);
  }
}

async function found(ground: Ground, lies: readonly Lie[]): Promise<EvilPlace[]> {
  await writeFile(ground.account('evil'), `${encodeHex(randomBytes(32))}\n`, { mode: 0o600 });
  const founding = await Founding.open({
    chain: ground.chain,
    keysDirectory: join(ground.data, 'keys'),
    senders: { government: await ground.sender('government'), evil: await ground.sender('evil') },
    voters: await ground.voters(),
  });
  await founding.registerDepartment();
  const places: EvilPlace[] = [];
  for (const [i, lie] of lies.entries()) {
    const origin = parseOrigin(`${sample.consortium}/${founding.code}/${lie}`);
    const licenceType = `11999900MB0000004W${101 + i}`;
    // A log that goes silent on the chain is anchored for after two of its beats.
    await founding.registerLog(origin, licenceType, lie === 'withhold-anchor' ? 1_000 : 60_000);
    const port = await freePort();
    places.push({ lie, origin, logId: encodeHex(logIdOf(origin)), licenceType, port, url: `http://${HOST}:${port}` });
  }
  return places;
}

async function startHonest(ground: Ground, place: Pick<EvilPlace, 'url'> & { readonly origin: string }): Promise<Honest> {
  const tokensFile = join(ground.data, 'tokens.json');
  await startNode(ground, 'issuer', 'node/main.ts', place, { tokensFile, beatMs: 1_000 });
  const { issuer } = parseJson(await readFile(tokensFile)) as { issuer: string };
  return { url: place.url, token: issuer };
}

async function startNode(
  ground: Ground,
  owner: string,
  program: string,
  { origin, url }: { readonly origin: string; readonly url: string },
  changes: JsonObject,
  ...args: string[]
): Promise<void> {
  const name = `node-${origin.split('/').at(-1)!}-${owner}`;
  const config = {
    origin,
    dataDir: join(ground.data, name),
    port: Number(new URL(url).port),
    chain: { ...ground.chain },
    keys: { log: ground.key(`${owner}-log`), document: ground.key(`${owner}-document`) },
    passphraseFile: ground.passphraseFile,
    accountFile: ground.account(owner),
    tokensFile: join(ground.data, `${name}.tokens.json`),
    register: { url: ground.witnessUrl },
    ...changes,
  };
  await ground.startProgram(name, program, config, ...args);
}
