import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { sampleNumber } from '../../samples/data-service.ts';
import { startCustodyAgent } from './agent-world.ts';
import { makeWorld, until, type World } from './world.ts';

const EVENT = {
  id: 'hukou-1',
  at: '2026-11-02T09:00:00+08:00',
  operator: { id: 'H-12', role: '户籍民警' },
  subjects: [{ class: 'resident', id: sampleNumber(1) }],
};

/** Renamed in, as whoever exports must do. */
async function drop(world: World, directory: string, name: string, content: string | Uint8Array): Promise<void> {
  const path = join(world.directory, directory);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, `${name}.part`), content);
  await rename(join(path, `${name}.part`), join(path, name));
}

async function reportOf(world: World, directory: string, name: string): Promise<Record<string, unknown>> {
  const path = join(world.directory, directory, 'done', `${name}.report.json`);
  const names = (): Promise<string[]> => readdir(join(world.directory, directory, 'done')).catch(() => []);
  await until(async () => (await names()).includes(name), 10_000);
  return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
}

async function deadOf(world: World, directory: string, name: string): Promise<{ line: number; reason: string; text: string }[]> {
  const text = await readFile(join(world.directory, directory, 'dead', `${name}.ndjson`), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { line: number; reason: string; text: string });
}

describe('an agent that imports', () => {
  const CSV_CONFIG = {
    source: 'hukou',
    format: 'csv',
    columns: {
      number: '序号',
      at: '时间',
      operator: '警号',
      matter: '事项',
      result: '结果',
      subjects: [{ class: 'resident', column: '身份证号' }],
    },
    values: { result: { 成功: 'granted', 拒绝: 'refused' } },
  };
  const HEADER = '序号,时间,警号,事项,结果,身份证号\r\n';

  test('imports a numbered CSV once, says which numbers are missing, and buries bad lines with their reasons', async (t) => {
    const world = await makeWorld(t);
    const config = { ...CSV_CONFIG, directory: join(world.directory, 'hukou') };
    const rows = [
      `1,2026-11-02 09:00:00,H-12,"迁移, 分户",成功,${sampleNumber(1)}`,
      `2,2026-11-02 09:00:01,H-12,"说 ""急""\n第二行",拒绝,${sampleNumber(2)};${sampleNumber(3)}`,
      `5,2026/11/2 9:00,H-13,登记,成功,`,
      `6,昨天,H-13,登记,成功,${sampleNumber(4)}`,
      `7,2026-11-02 09:00:03,H-13,登记,也许,${sampleNumber(4)}`,
      `8,2026-11-02 09:00:03,H-13,登记,成功,123`,
      `x,2026-11-02 09:00:03,H-13,登记,成功,${sampleNumber(4)}`,
      `9,2026-11-02 09:00:03,H-13,成功`,
      `1,2026-11-02 09:00:00,H-99,别的,成功,${sampleNumber(1)}`,
      `10,2026-02-30 09:00:03,H-13,登记,成功,${sampleNumber(4)}`,
      `11,2026-11-02 09:00:03,,登记,成功,${sampleNumber(4)}`,
    ];
    const text = HEADER + rows.join('\r\n');
    await drop(world, 'hukou', 'nov.csv', text);
    const agent = await startCustodyAgent(t, world, { imports: [config] });
    const report = await reportOf(world, 'hukou', 'nov.csv');
    expect(report).to.deep.equal({
      source: 'hukou',
      lines: 11,
      queued: 3,
      known: 0,
      dead: 8,
      gaps: [
        [3, 4],
        [9, 9],
      ],
    });
    expect((await deadOf(world, 'hukou', 'nov.csv')).map(({ line, reason }) => [line, reason])).to.deep.equal([
      [5, 'BAD_TIME'],
      [6, 'BAD_VALUE'],
      [7, 'BAD_SUBJECT'],
      [8, 'BAD_NUMBER'],
      [9, 'BAD_CSV'],
      [10, 'OTHER_CONTENT'],
      [11, 'BAD_TIME'],
      [12, 'MISSING'],
    ]);
    await until(() => world.node.events.length === 3);
    const matters = world.node.events.map(({ body }) => body.request.request.matter);
    expect(matters).to.have.members(['迁移, 分户', '说 "急" 第二行', '登记']);
    // The same export again, and a later one that goes on from it.
    await drop(world, 'hukou', 'again.csv', text);
    expect(await reportOf(world, 'hukou', 'again.csv')).to.include({ queued: 0, known: 3 });
    await drop(
      world,
      'hukou',
      'dec.csv',
      `${HEADER}3,1767232812000,H-1,登记,成功,${sampleNumber(5)}\n4,1767232812,H-1,登记,成功,\n`,
    );
    expect(await reportOf(world, 'hukou', 'dec.csv')).to.deep.include({ queued: 2, gaps: [[9, 9]] });
    await until(() => world.node.events.length === 5);
    await agent.close();
  });

  test('reads GB 18030, and lines without numbers by what they say: equal lines of one file are as many accesses', async (t) => {
    const world = await makeWorld(t);
    const { number: _, ...columns } = CSV_CONFIG.columns;
    const config = { ...CSV_CONFIG, source: 'old', directory: join(world.directory, 'old'), encoding: 'gb18030', columns };
    // 登记 and the header in GB 18030.
    const header = Buffer.from('caa1bce42cbeafbac52ccac2cfee2cbde1b9fb2cc9edb7ddd6a4bac5', 'hex');
    const decoded = new TextDecoder('gb18030').decode(header);
    const names = decoded.split(',');
    const named = {
      at: names[0]!,
      operator: names[1]!,
      matter: names[2]!,
      result: names[3]!,
      subjects: [{ class: 'resident', column: names[4]! }],
    };
    const row = Buffer.concat([
      Buffer.from('2026-11-02 09:00:00,H-12,'),
      Buffer.from('b5c7bcc7', 'hex'),
      Buffer.from(','),
      Buffer.from('b3c9b9a6', 'hex'),
      Buffer.from(`,${sampleNumber(1)}\n`),
    ]);
    const bad = Buffer.concat([Buffer.from('2026-11-02 09:00:00,H-12,'), Buffer.from([0xff, 0xff]), Buffer.from(',x,\n')]);
    const file = Buffer.concat([header, Buffer.from('\n'), row, row, bad]);
    await drop(world, 'old', 'a.csv', file);
    await startCustodyAgent(t, world, { imports: [{ ...config, columns: named }] });
    expect(await reportOf(world, 'old', 'a.csv')).to.deep.include({ lines: 3, queued: 2, dead: 1, gaps: null });
    await drop(world, 'old', 'b.csv', file);
    expect(await reportOf(world, 'old', 'b.csv')).to.deep.include({ queued: 0, known: 2 });
    await until(() => world.node.events.length === 2);
    expect(world.node.events.map(({ body }) => body.request.request.matter)).to.deep.equal(['登记', '登记']);
    expect(new Set(world.node.events.map(({ digest }) => digest)).size).to.equal(2);
  });

  test('empties an outbox of events, and leaves nothing of it in the clear', async (t) => {
    const world = await makeWorld(t);
    const lines = [1, 2, 3].map((i) =>
      JSON.stringify({ ...EVENT, id: `o${i}`, subjects: [{ class: 'resident', id: sampleNumber(i) }] }),
    );
    await drop(world, 'outbox', 'a.ndjson', `${lines.join('\n')}\n`);
    const directory = join(world.directory, 'outbox');
    Object.assign(world.node, { kill: 'before', stays: true });
    const agent = await startCustodyAgent(t, world, {
      imports: [{ source: 'outbox', directory, format: 'events', keep: false }],
    });
    await until(async () => !(await readdir(directory)).includes('a.ndjson'));
    await agent.close();
    const files = (await readdir(world.directory, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
    for (const { parentPath, name } of files) {
      const bytes = await readFile(join(parentPath, name));
      for (const i of [1, 2, 3]) expect(bytes.includes(sampleNumber(i)), name).to.equal(false);
    }
    Object.assign(world.node, { kill: null, stays: false });
    await startCustodyAgent(t, world);
    await until(() => world.node.events.length === 3);
  });

  test('empties an outbox table, and tells the rows what became of them', async (t) => {
    const world = await makeWorld(t);
    const file = join(world.directory, 'app.sqlite');
    const agent = await startCustodyAgent(t, world, { tables: [{ source: 'app', file }] });
    const database = new DatabaseSync(file, { timeout: 1000 });
    t.after(() => database.close());
    await until(() => database.prepare("SELECT name FROM sqlite_master WHERE name = 'veritrail_outbox'").all().length === 1);
    const { id: _, ...anonymous } = EVENT;
    const insert = database.prepare('INSERT INTO veritrail_outbox(event) VALUES (?)');
    for (const event of [JSON.stringify(anonymous), JSON.stringify(EVENT), '{"at":1}', 'x']) insert.run(event);
    const rows = (): object[] =>
      database.prepare('SELECT state, request_digest AS digest, reason FROM veritrail_outbox ORDER BY id').all();
    await until(() => world.node.events.length === 2);
    await until(() => rows().filter((row) => (row as { state: string }).state === 'promised').length === 2);
    const digests = new Set(world.node.events.map(({ digest }) => digest));
    const [first, second, third, fourth] = rows() as { state: string; digest: string; reason: string }[];
    expect([first!.digest, second!.digest].every((digest) => digests.has(digest))).to.equal(true);
    expect([third!.state, third!.reason, fourth!.state, fourth!.reason]).to.deep.equal(['dead', 'BAD_VALUE', 'dead', 'BAD_JSON']);
    await agent.close();
  });
});
