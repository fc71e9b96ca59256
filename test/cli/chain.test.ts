/** The story of a consortium, typed at the command line against a real chain: each step rests on those before it. */
import { writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeHex, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { formatCharge, type SignedCheckpoint, signedCheckpoint } from '../../core/court/charge.ts';
import { signNote } from '../../core/log/note.ts';
import { parseOrigin } from '../../core/log/origin.ts';
import { parsePrivateKey, publicKeyOf, signSm2 } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { CHAIN_ID } from '../chain/anvil.ts';
import { type RpcProxy, startRpcProxy } from '../chain/rpc-proxy.ts';
import { type Finished, veritrail } from '../system/system.ts';
import { BUREAU, ChainWorld, GOVERNMENT, HOUR, idIn, OFFICE, proposalIdIn } from './chain-world.ts';

const TYPE = '11999900MB0000004W001';
const OTHER_TYPE = '11999900MB0000004W002';
const LOG = `sample/${BUREAU}/licences`;
const keyId = (byte: string): string => encodeHex(keyIdOf(publicKeyOf(parsePrivateKey(decodeHex(byte.repeat(32))))));

/** The contract's name of its refusal. */
const refusedWith = ({ stderr }: Finished): string | undefined => /\((\w+)\)$/m.exec(stderr)?.[1];

let world: ChainWorld;
before(async () => {
  world = await ChainWorld.start();
});
after(() => world?.stop());

describe('members decide', () => {
  const add = ['authority', 'add', GOVERNMENT, '--name', '样例市人民政府', '--region', '999900'];
  let id: string;

  test('a proposal says who must do what next', async () => {
    const run = await world.run([...add, '--account-of', world.accountOf('a')], 'a');
    expect(run.code, run.stderr).to.equal(0);
    id = /[0-9a-f]{64}/.exec(run.stdout)![0];
    expect(run.stdout).to.contain('register authority 样例市人民政府').and.contain('approvals still needed: 2, until');
    expect(run.stdout).to.contain(`veritrail chain approve ${id}`);
  });

  test('everybody can read it, with every value and what the contract would say', async () => {
    const run = await world.run(['show', '0']);
    expect(run.stdout).to.contain(id).and.contain(`"${GOVERNMENT}"`).and.contain('would accept this call now');
    const { proposals } = await world.done(['proposals']);
    expect((proposals as { status: string; needed: number }[]).map(({ status, needed }) => [status, needed])).to.deep.equal([
      ['open', 3],
    ]);
  });

  test('executed too soon it is refused in words, with exit code 1, and nothing is lost', async () => {
    await world.done(['approve', id], 'b');
    const run = await world.run(['execute', id, '--json'], 'a');
    expect([run.code, run.stderr.trim()]).to.deep.equal([
      1,
      'veritrail: Too few approvals: 2 of 3. Other members approve with veritrail chain approve. (TooFewApprovals)',
    ]);
    expect(JSON.parse(run.stdout).error).to.deep.include({ code: 'CONFLICT', refusal: 'TooFewApprovals' });
  });

  test('an approval can be taken back, and given again', async () => {
    expect(((await world.done(['withdraw', id], 'b'))['proposal'] as { approvals: [] }).approvals).to.have.length(1);
    await world.done(['approve', id], 'b');
    expect(((await world.done(['approve', id], 'c'))['proposal'] as { status: string }).status).to.equal('ready');
    const { proposal } = await world.done(['execute', id], 'b');
    expect((proposal as { status: string }).status).to.equal('executed');
    expect((await world.run(['authority', 'list'])).stdout).to.equal(`样例市人民政府 (${GOVERNMENT}) 999900\n`);
  });

  test('whoever is no member is refused', async () => {
    const run = await world.run([...add, '--account-of', world.accountOf('a'), '--anyway'], 'bureau');
    expect([run.code, refusedWith(run)]).to.deep.equal([1, 'NotMember']);
  });

  test('what the contract would refuse is not put to the vote', async () => {
    const run = await world.run([...add, '--account-of', world.accountOf('a')], 'a');
    expect([run.code, refusedWith(run)]).to.deep.equal([1, 'KnownAuthority']);
    expect((await world.done(['status'], 'a'))['openProposals']).to.deep.equal([]);
  });
});

test('a running start’s directory names the chain as well', async () => {
  const { registry, anchor, court, fromBlock } = world.contracts;
  const chain = { url: world.anvil.rpcUrl, chainId: CHAIN_ID, registry, anchor, court, fromBlock };
  await writeFile(world.at('running.json'), JSON.stringify({ ready: true, chain }));
  const run = await veritrail(['chain', 'status', '--data', world.folder, '--account', world.at('b.account')]);
  expect(run.code, run.stderr).to.equal(0);
  expect(run.stdout).to.contain(`本账户：${BUREAU}`);
  expect((await veritrail(['chain', 'status', '--data', world.at('nowhere')])).code).to.equal(2);
});

describe('a chain node that lies', () => {
  let proxy: RpcProxy;
  before(async () => (proxy = await startRpcProxy(world.anvil.rpcUrl)));
  after(() => proxy.stop());

  test('cannot show one call and have another approved', async () => {
    const proposed = await world.done(['member', 'thresholds', '2', '2'], 'a');
    proxy.fate = async ({ method, params }) => {
      if (method !== 'eth_getLogs') return 'relay';
      const answer = JSON.stringify(await world.anvil.call(method, ...(params as [])));
      const [two, three] = ['2', '3'].map((count) => count.padStart(64, '0'));
      return { result: JSON.parse(answer.replaceAll(`${two}${two}`, `${three}${two}`)) as unknown };
    };
    const run = await world.run(['approve', proposalIdIn(proposed), '--rpc', proxy.rpcUrl], 'b');
    expect(run.code, run.stderr).to.equal(3);
    expect(run.stderr).to.contain('under the id of another proposal');
  });
});

describe('keys change by signature', () => {
  const passphrase = () => ['--passphrase-file', world.at('passphrase')];
  const by = (file: string) => ['--by', world.at(file), '--by-passphrase-file', world.at('passphrase')];

  before(async () => {
    await world.key('government.key.json', 'authority', '11');
    await world.key('bureau.key.json', 'authority', '12');
    await world.key('log.key.json', 'log', '13');
    await world.key('document.key.json', 'document', '14');
  });

  test('an authority’s first key takes the members, and no delay', async () => {
    const key = ['--type', 'authority', '--key', world.at('government.key.json'), ...passphrase()];
    await world.decide(await world.done(['key', 'add', GOVERNMENT, ...key, '--by-quorum'], 'a'));
    expect((await world.run(['authority', 'show', GOVERNMENT])).stdout).to.contain(`authority key ${keyId('11')}`);
  });

  test('the parent registers a department and signs its first key; the department only proves that it has it', async () => {
    for (const [code, name] of [
      [BUREAU, '样例市自然资源局'],
      [OFFICE, '样例市文化旅游局'],
    ] as const) {
      const place = ['--region', '999900', '--parent', GOVERNMENT, '--account-of', world.accountOf('bureau')];
      await world.done(['authority', 'add', code, '--name', name, ...place], 'a');
    }
    const [proof, type] = [world.at('proof.json'), ['--type', 'authority']];
    await world.done(['key', 'prove', BUREAU, ...type, '--key', world.at('bureau.key.json'), '--out', proof, ...passphrase()]);
    await world.done(['key', 'add', BUREAU, ...type, '--proof', proof, ...by('government.key.json')], 'a');
    const again = await world.run(['key', 'add', BUREAU, ...type, '--proof', proof, ...by('government.key.json')], 'a');
    expect([again.code, refusedWith(again)]).to.deep.equal([1, 'NoPossession']);
  });

  test('then it signs for itself', async () => {
    const log = ['--type', 'log', '--key', world.at('log.key.json'), ...passphrase()];
    await world.done(['key', 'add', BUREAU, ...log, ...by('bureau.key.json')], 'bureau');
    const shown = await world.done(['authority', 'show', BUREAU]);
    expect((shown['keys'] as { keyId: string }[]).map((one) => one.keyId)).to.deep.equal([keyId('12'), keyId('13')]);
  });

  test('the members alone are too early, which is said with the hour, until the delay is over', async () => {
    const key = ['--type', 'document', '--key', world.at('document.key.json'), ...passphrase()];
    const proposed = await world.done(['key', 'add', BUREAU, ...key, '--by-quorum'], 'a');
    const error = await world.decide(proposed).then(
      () => null,
      (cause: unknown) => cause as Error,
    );
    expect(error?.message).to.contain('TooEarly');
    const early = await world.run(['execute', proposalIdIn(proposed)], 'a');
    expect([early.code, early.stderr]).to.satisfy(
      ([code, text]: [number, string]) =>
        code === 1 && /Too early: proposed at .* \+08:00, it may be executed from .* \+08:00 on\./.test(text),
    );
    expect((await world.run(['proposals'])).stdout).to.contain('it must be public until');
    await world.anvil.call('evm_increaseTime', HOUR / 1000);
    await world.anvil.call('evm_mine');
    await world.done(['execute', proposalIdIn(proposed)], 'a');
  });

  test('two members suspend a key, once', async () => {
    const proposed = await world.done(['key', 'suspend', keyId('13')], 'a');
    await world.done(['approve', proposalIdIn(proposed)], 'b');
    await world.done(['execute', proposalIdIn(proposed)], 'b');
    expect((await world.run(['status'])).stdout).to.match(new RegExp(`! log key ${keyId('13')} .* is suspended until`));
    const again = await world.run(['key', 'suspend', keyId('13')], 'a');
    expect([again.code, refusedWith(again)]).to.deep.equal([1, 'SuspendedBefore']);
    await world.decide(await world.done(['key', 'lift', keyId('13')], 'a'));
    expect((await world.done(['status']))['suspendedKeys']).to.deep.equal([]);
  });

  test('a suspended or retired key, and one of a stranger, sign nothing', async () => {
    await world.done(['key', 'retire', keyId('14'), ...by('bureau.key.json')], 'bureau');
    const run = await world.run(['key', 'retire', keyId('11'), ...by('bureau.key.json')], 'bureau');
    expect([run.code, refusedWith(run)]).to.deep.equal([1, 'WrongSigner']);
  });
});

describe('parents grant, departments issue', () => {
  const scope = (code: string, region: string, ...more: string[]) => [
    'scope',
    'grant',
    code,
    '--type',
    TYPE,
    '--region',
    region,
    ...more,
  ];
  let parentId: string;

  test('a scope from the members is handed down in part', async () => {
    const proposed = await world.done(scope(GOVERNMENT, '999900'), 'a');
    await world.decide(proposed);
    const { scopes } = await world.done(['authority', 'show', GOVERNMENT]);
    parentId = (scopes as { scopeId: string }[])[0]!.scopeId;
    idIn(await world.done(scope(BUREAU, '999901', '--part-of', parentId), 'a'), 'scopeId');
  });

  test('and not beyond it', async () => {
    const run = await world.run(scope(BUREAU, '110000', '--part-of', parentId), 'a');
    expect([run.code, run.stderr]).to.satisfy(
      ([code, text]: [number, string]) => code === 1 && text.includes(`Beyond grant ${parentId}: another holder`),
    );
  });

  test('a department registers its log and its types by its own account', async () => {
    await world.done(['log', 'register', LOG, '--beat', '1m', '--promise-span', '3m'], 'bureau');
    for (const type of [TYPE, OTHER_TYPE]) await world.done(['log', 'mode', LOG, '--type', type, '--mode', 'public'], 'bureau');
    await world.done(['coverage', 'declare', BUREAU, '--type', TYPE, '--since', '2026-01-01'], 'bureau');
    expect((await world.run(['log', 'show', LOG])).stdout)
      .to.contain(`${TYPE} public`)
      .and.contain('not anchored yet');
  });
});

describe('a log that shows two faces', () => {
  const origin = parseOrigin(LOG);
  const logKey = parsePrivateKey(decodeHex('13'.repeat(32)));
  const shown = (name: string, issuedAt: number) => {
    const [rootHash, mapRoot] = [sm3(encodeUtf8(name)), sm3(encodeUtf8('map'))];
    const checkpoint = { origin, size: 5, rootHash, mapRoot, issuedAt };
    const signer = { publicKey: publicKeyOf(logKey), sign: (message: Uint8Array) => signSm2(logKey, message) };
    return signedCheckpoint(signNote(checkpoint, signer), keyIdOf(signer.publicKey));
  };
  const charge = async (name: string, roots: readonly [string, string]): Promise<string> => {
    const { logs } = await world.done(['log', 'show', LOG]);
    const { registeredAt } = (logs as { registeredAt: number }[])[0]!;
    const [a, b] = roots.map((root, i) => shown(root, registeredAt + i)) as [SignedCheckpoint, SignedCheckpoint];
    await writeFile(world.at(name), formatCharge({ kind: 'fork', origin, a, b }));
    return world.at(name);
  };

  test('is disputed once a member has shown both, and nobody is charged twice for it', async () => {
    const file = await charge('fork.json', ['one', 'other']);
    await world.done(['charge', file], 'b');
    expect((await world.run(['dispute', LOG])).stdout).to.contain(`! ${LOG} is disputed from size 5 (anchor 0) on`);
    const again = await world.run(['charge', file], 'c');
    expect([again.code, refusedWith(again)]).to.deep.equal([1, 'KnownCharge']);
  });

  test('a charge that shows nothing costs no transaction', async () => {
    const run = await world.run(['charge', await charge('false.json', ['same', 'same'])], 'b');
    expect([run.code, refusedWith(run)]).to.deep.equal([1, 'FalseCharge']);
    expect((await world.run(['charge', world.at('node.json')], 'b')).code).to.equal(2);
  });

  test('the members clear it, with a public reason', async () => {
    await world.decide(await world.done(['clear', LOG, '--reason', '已查明：测试材料'], 'a'));
    expect((await world.run(['dispute'])).stdout).to.equal('no disputes\n');
    const run = await world.run(['clear', LOG, '--reason', '再次'], 'a');
    expect([run.code, refusedWith(run)]).to.deep.equal([1, 'NotDisputed']);
  });

  test('with a key that is lost, the charge waits for the members', async () => {
    const since = new Date().toISOString();
    const by = ['--by', world.at('bureau.key.json'), '--by-passphrase-file', world.at('passphrase')];
    await world.done(['key', 'compromise', keyId('13'), '--since', since, ...by], 'bureau');
    const run = await world.run(['charge', await charge('later.json', ['one', 'third'])], 'b');
    expect([run.code, run.stderr]).to.satisfy(([code, text]: [number, string]) => code === 0 && text.includes('chain confirm'));
    const waiting = /veritrail chain confirm ([0-9a-f]{64})/.exec((await world.run(['dispute', LOG])).stdout)![1]!;
    await world.decide(await world.done(['confirm', waiting], 'a'));
    expect((await world.done(['dispute', LOG]))['waiting']).to.deep.equal([]);
    expect((await world.done(['status']))['disputedLogs']).to.have.length(1);
  });
});

describe('functions move', () => {
  const transfer = ['succession', 'transfer', BUREAU, '--to', OFFICE];

  test('not one type out of a log that holds two: said before anything is sent', async () => {
    const run = await world.run([...transfer, '--type', TYPE, '--dry-run'], 'a');
    expect(run.code).to.equal(1);
    expect(run.stdout).to.contain(`moves to 样例市文化旅游局 (${OFFICE}): ${LOG}`);
    expect(run.stdout).to.contain(`also holds licence type ${OTHER_TYPE}, which is not to move`);
    const sent = await world.run([...transfer, '--type', TYPE, '--propose'], 'a');
    expect([sent.code, refusedWith(sent)]).to.deep.equal([1, 'TypeStays']);
  });

  test('the whole log moves, and what the successor lacks is listed', async () => {
    const run = await world.run([...transfer, '--log', LOG], 'a');
    expect(run.code, run.stderr).to.equal(0);
    expect(run.stderr).to.contain(`has no log key yet`).and.contain(`has no scope for ${TYPE}`);
    const shown = await world.done(['log', 'show', LOG]);
    const [log] = shown['logs'] as { owners: { authority: string }[] }[];
    expect(log!.owners.map(({ authority }) => authority)).to.deep.equal([BUREAU, OFFICE]);
  });

  test('a department that merges is dissolved, and everything of it ends', async () => {
    expect((await world.run(['succession', 'merge', OFFICE, '--into', BUREAU, '--dry-run'], 'a')).code).to.equal(0);
    await world.done(['succession', 'merge', OFFICE, '--into', BUREAU], 'a');
    expect((await world.run(['authority', 'show', OFFICE])).stdout)
      .to.contain('dissolved')
      .and.contain('functions moved to');
  });
});

describe('what is typed wrongly', { concurrency: 2 }, () => {
  const refused: [string, readonly string[]][] = [
    ['a code with a wrong check character', ['authority', 'show', '11999900MB0000001L']],
    ['a proposal named by half an id', ['show', 'abc']],
    ['a vote on a number', ['approve', '0']],
    ['neither a key nor a proof', ['key', 'add', BUREAU, '--type', 'log', '--by-quorum']],
    ['neither an officer nor the members', ['key', 'retire', keyId('12')]],
    ['nothing to transfer', ['succession', 'transfer', BUREAU, '--to', OFFICE]],
    ['a span without a unit', ['log', 'register', LOG, '--beat', '60']],
    ['a log that is not registered', ['log', 'show', `sample/${BUREAU}/other`]],
    ['a node of another chain', ['status', '--chain-id', '1']],
  ];
  for (const [name, args] of refused) {
    test(`ends with 2: ${name}`, async () => {
      const needsAccount = !['show', 'status'].includes(args[0] === 'authority' || args[0] === 'log' ? args[1]! : args[0]!);
      const run = await world.run(args, needsAccount ? 'a' : undefined);
      expect(run.code, run.stderr).to.equal(2);
      expect(run.stderr).not.to.match(/\n\s+at /);
    });
  }

  test('a chain that does not answer leaves nothing found out: exit 3', async () => {
    expect((await world.run(['status', '--rpc', 'http://127.0.0.1:1'])).code).to.equal(3);
  });
});
