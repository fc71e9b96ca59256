/** One opened access and everything that may be wrong with it: each lie fails the check that is there for it, and no other. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { type AccessBody, encodeAccessBody } from '../../core/access/body.ts';
import { BODY_CHECK_IDS, type BodyCheckId, type BodyQuestion, verifyBody } from '../../core/access/body-check.ts';
import { encodeSealBody } from '../../core/access/seal.ts';
import { requestDigestOf, type AccessRequest } from '../../core/access/request.ts';
import type { AccessOutcome } from '../../core/access/outcome.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { commitmentOf, encodeEntry, KINDS } from '../../core/log/entry.ts';
import { signerOf } from '../../core/log/signer.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { accessorSigner, bodyFor, bytesOf, custodianSigner, keyOf, operatorSigner, outcomeFor, person } from './sample.ts';
import { QUANTUM, RECORDED_AT, REQUEST, signOutcome, signRequest, treeOf } from './sample.ts';
import { accessLog, AUDIT, duty, FACTS, logFact, START, withKey, withLog } from './world.ts';

const NONCE = bytesOf('body nonce');
const OTHER = parseUscc(AUDIT);

interface Change {
  readonly request?: Partial<AccessRequest>;
  readonly outcome?: Partial<AccessOutcome>;
  readonly body?: (body: AccessBody) => AccessBody;
  readonly question?: Partial<BodyQuestion>;
}

function questionOf({ request = {}, outcome = {}, body = (same) => same, question = {} }: Change): BodyQuestion {
  const made = { ...REQUEST, ...request };
  const signers = [made.grade === 'imported' ? custodianSigner : accessorSigner];
  if (made.operator.publicKey !== null) signers.push(operatorSigner);
  const bytes = encodeAccessBody(body(bodyFor(person(1), signRequest(made, ...signers), outcome)));
  return {
    entry: { kind: KINDS.access, recordedAt: RECORDED_AT, slot: bytesOf('slot'), commitment: commitmentOf(NONCE, bytes) },
    log: accessLog(),
    recordedIn: { from: RECORDED_AT, to: RECORDED_AT + 1_200_000 },
    nonce: NONCE,
    body: bytes,
    facts: FACTS,
    person: person(1),
    seal: null,
    sealedIn: null,
    ...question,
  };
}

type Wrong = Partial<Record<BodyCheckId, string>>;

/** What is not a pass, as `outcome CODE`. Where nothing was to be asked, the outcome alone. */
function wrongOf(change: Change): Wrong {
  const { findings } = verifyBody(questionOf(change));
  expect(Object.keys(findings)).to.have.members([...BODY_CHECK_IDS]);
  return Object.fromEntries(
    BODY_CHECK_IDS.filter((id) => findings[id].outcome !== 'pass').map((id) => {
      const { outcome, code } = findings[id];
      return [id, code === null ? outcome : `${outcome} ${code}`];
    }),
  );
}

/** An honest event of a session has nothing to say of an operator's key or of a seal. */
const QUIET: Wrong = { operator: 'notAsked', seal: 'notAsked' };
const NOTHING = Object.fromEntries(BODY_CHECK_IDS.map((id) => [id, 'notAsked'])) as Wrong;
const ONLY_OPENED = Object.fromEntries(Object.entries(NOTHING).filter(([id]) => id !== 'commitment')) as Wrong;
const personalKey: Partial<AccessRequest> = {
  grade: 'personal-key',
  operator: { ...REQUEST.operator, publicKey: operatorSigner.publicKey },
};
const stranger = signerOf(keyOf('a stranger'));
const nobody = treeOf();

function sealOf(
  request: AccessRequest,
  legalBasis = '个人信息保护法 第十八条',
): { seal: NonNullable<BodyQuestion['seal']>; leafHash: ReturnType<typeof leafHashOf> } {
  const digest = requestDigestOf(signRequest(request, accessorSigner).envelope.payload);
  const body = encodeSealBody({ legalBasis, request: digest });
  const nonce = bytesOf('seal nonce');
  const entry = { kind: KINDS.seal, recordedAt: START, slot: bytesOf('seal slot'), commitment: commitmentOf(nonce, body) };
  return { seal: { entry, nonce, body }, leafHash: leafHashOf(encodeEntry(entry)) };
}
const sealed = sealOf(REQUEST);
const late = { from: RECORDED_AT + 10 * QUANTUM, to: RECORDED_AT + 20 * QUANTUM };
const lateEntry = { kind: KINDS.access, recordedAt: RECORDED_AT + 10 * QUANTUM, slot: bytesOf('slot') };
const releasedQuestion = (facts = FACTS, more: Partial<BodyQuestion> = {}): Partial<BodyQuestion> => {
  const bytes = encodeAccessBody(bodyFor(person(1), undefined, { seal: sealed.leafHash }));
  return { facts, recordedIn: late, entry: { ...lateEntry, commitment: commitmentOf(NONCE, bytes) }, ...more };
};
const retiredSince = withKey(accessorSigner, { validTo: RECORDED_AT + 5 * QUANTUM });

const CASES: readonly { rule: string; change: Change; wrong: Wrong }[] = [
  { rule: 'an honest event', change: {}, wrong: QUIET },
  { rule: 'an honest event with the operator’s own key', change: { request: personalKey }, wrong: { seal: 'notAsked' } },
  { rule: 'an honest event, as its accessor or an auditor sees it', change: { question: { person: null } }, wrong: QUIET },
  {
    rule: 'an honest event about nobody, as an auditor sees it',
    change: {
      outcome: { subjectCount: 0, subjectsRoot: nobody.subjectsRoot },
      body: (body) => ({ ...body, subject: null }),
      question: { person: null },
    },
    wrong: QUIET,
  },
  {
    rule: 'another nonce',
    change: { question: { nonce: bytesOf('another') } },
    wrong: { ...NOTHING, commitment: 'fail BAD_COMMITMENT' },
  },
  {
    rule: 'a nonce of another length',
    change: { question: { nonce: new Uint8Array(31) } },
    wrong: { ...NOTHING, commitment: 'fail BAD_COMMITMENT' },
  },
  {
    rule: 'another body',
    change: { question: { body: encodeUtf8('{}') } },
    wrong: { ...NOTHING, commitment: 'fail BAD_COMMITMENT' },
  },
  {
    rule: 'a committed body of another form',
    change: {
      question: {
        body: encodeUtf8('{}'),
        entry: { kind: 16, recordedAt: RECORDED_AT, slot: bytesOf('slot'), commitment: commitmentOf(NONCE, encodeUtf8('{}')) },
      },
    },
    wrong: { ...ONLY_OPENED, body: 'fail BAD_BODY' },
  },
  {
    rule: 'an entry about another person in her history',
    change: { question: { person: person(2) } },
    wrong: { ...QUIET, subject: 'fail OTHER_SUBJECT' },
  },
  {
    rule: 'another’s number under her own salt and path',
    change: { body: (body) => ({ ...body, subject: { ...body.subject!, number: person(2) } }), question: { person: person(2) } },
    wrong: { ...QUIET, subject: 'fail BAD_PATH' },
  },
  {
    rule: 'an event that hides its subject',
    change: { body: (body) => ({ ...body, subject: null }) },
    wrong: { ...QUIET, subject: 'fail OTHER_SUBJECT' },
  },
  {
    rule: 'an event that hides its subject from an auditor',
    change: { body: (body) => ({ ...body, subject: null }), question: { person: null } },
    wrong: { ...QUIET, subject: 'fail BAD_PATH' },
  },
  {
    rule: 'the outcome of another request',
    change: { outcome: { request: bytesOf('another') } },
    wrong: { ...QUIET, 'request-match': 'fail OTHER_REQUEST' },
  },
  {
    rule: 'an outcome for another log',
    change: { outcome: { origin: 'sample/11999900MB0000001K/access2' as never } },
    wrong: { ...QUIET, custodian: 'fail OTHER_LOG' },
  },
  {
    rule: 'an access in a log that is none',
    change: { question: { log: { ...accessLog(), class: 'licence' } } },
    wrong: { ...QUIET, custodian: 'fail OTHER_LOG' },
  },
  {
    rule: 'a request to another custodian',
    change: { request: { custodian: OTHER } },
    wrong: { ...QUIET, custodian: 'fail OTHER_CUSTODIAN' },
  },
  {
    rule: 'a log that was another’s when it was recorded',
    change: { question: { log: accessLog(withLog({ owners: [{ authority: AUDIT, since: START }] })) } },
    wrong: { ...QUIET, custodian: 'fail OTHER_CUSTODIAN' },
  },
  {
    rule: 'a log that passed to another while it was recorded',
    change: {
      question: { log: accessLog(withLog({ owners: [...accessLog().owners, { authority: AUDIT, since: RECORDED_AT + 1000 }] })) },
    },
    wrong: { ...QUIET, custodian: 'unknown OTHER_CUSTODIAN' },
  },
  {
    rule: 'a log that passed to another later',
    change: {
      question: {
        log: accessLog(withLog({ owners: [...accessLog().owners, { authority: AUDIT, since: RECORDED_AT + 9_000_000 }] })),
      },
    },
    wrong: QUIET,
  },
  {
    rule: 'a request signed by nobody that the registry knows',
    change: { body: (body) => ({ ...body, request: signRequest(REQUEST, stranger) }) },
    wrong: { ...QUIET, 'request-signature': 'fail UNKNOWN_KEY', 'request-key': 'fail UNKNOWN_KEY' },
  },
  {
    rule: 'a key that facts older than the entry may lack',
    change: {
      body: (body) => ({ ...body, request: signRequest(REQUEST, stranger) }),
      question: { facts: { ...FACTS, block: { ...FACTS.block, at: RECORDED_AT } } },
    },
    wrong: { ...QUIET, 'request-signature': 'unknown UNKNOWN_KEY', 'request-key': 'unknown UNKNOWN_KEY' },
  },
  {
    rule: 'a request that the custodian made up and signed itself',
    change: { body: (body) => ({ ...body, request: signRequest(REQUEST, custodianSigner) }) },
    wrong: { ...QUIET, 'request-signature': 'fail UNKNOWN_KEY', 'request-key': 'fail UNKNOWN_KEY' },
  },
  {
    rule: 'a key of another use',
    change: { question: { facts: withKey(accessorSigner, { type: 'document' }) } },
    wrong: { ...QUIET, 'request-signature': 'fail UNKNOWN_KEY', 'request-key': 'fail UNKNOWN_KEY' },
  },
  {
    rule: 'a request changed after it was signed',
    change: {
      body: (body) => {
        const changed = signRequest({ ...REQUEST, cause: '改过' }, accessorSigner);
        const request = { ...changed, envelope: { ...changed.envelope, signatures: body.request.envelope.signatures } };
        return { ...body, request, outcome: signOutcome(outcomeFor(request, treeOf(person(1), person(2), person(3)))) };
      },
    },
    wrong: { ...QUIET, 'request-signature': 'fail BAD_SIGNATURE' },
  },
  {
    rule: 'an operator’s signature that does not hold',
    change: {
      request: personalKey,
      body: (body) => {
        const [first, second] = body.request.envelope.signatures;
        const forged = { ...second!, signature: stranger.sign(encodeUtf8('x')) };
        return { ...body, request: { ...body.request, envelope: { ...body.request.envelope, signatures: [first!, forged] } } };
      },
    },
    wrong: { operator: 'fail BAD_SIGNATURE', seal: 'notAsked' },
  },
  {
    rule: 'a request key that was retired before',
    change: { question: { facts: withKey(accessorSigner, { validTo: RECORDED_AT - 1 }) } },
    wrong: { ...QUIET, 'request-key': 'fail KEY_RETIRED' },
  },
  {
    rule: 'a request key that was retired while it was recorded',
    change: { question: { facts: withKey(accessorSigner, { validTo: RECORDED_AT + 1000 }) } },
    wrong: { ...QUIET, 'request-key': 'unknown KEY_RETIRED' },
  },
  {
    rule: 'a request key that was lost before',
    change: { question: { facts: withKey(accessorSigner, { compromisedAt: START }) } },
    wrong: { ...QUIET, 'request-key': 'fail KEY_COMPROMISED' },
  },
  {
    rule: 'a request key that was lost while it was recorded',
    change: { question: { facts: withKey(accessorSigner, { compromisedAt: RECORDED_AT + 1000 }) } },
    wrong: { ...QUIET, 'request-key': 'unknown KEY_COMPROMISED' },
  },
  {
    rule: 'a request key that was lost long after',
    change: { question: { facts: withKey(accessorSigner, { compromisedAt: RECORDED_AT + 9_000_000 }) } },
    wrong: QUIET,
  },
  {
    rule: 'a request key that may be lost',
    change: { question: { facts: withKey(accessorSigner, { suspended: { from: RECORDED_AT, until: FACTS.block.at + 1 } }) } },
    wrong: { ...QUIET, 'request-key': 'unknown KEY_COMPROMISED' },
  },
  {
    rule: 'an outcome signed by the accessor',
    change: { body: (body) => ({ ...body, outcome: signOutcome(body.outcome.outcome, accessorSigner) }) },
    wrong: { ...QUIET, 'outcome-signature': 'fail UNKNOWN_KEY', 'outcome-key': 'fail UNKNOWN_KEY' },
  },
  {
    rule: 'an outcome changed after it was signed',
    change: {
      body: (body) => {
        const changed = signOutcome({ ...body.outcome.outcome, fields: [] });
        return {
          ...body,
          outcome: { ...changed, envelope: { ...changed.envelope, signatures: body.outcome.envelope.signatures } },
        };
      },
    },
    wrong: { ...QUIET, 'outcome-signature': 'fail BAD_SIGNATURE' },
  },
  {
    rule: 'a custodian’s key that was retired before',
    change: { question: { facts: withKey(custodianSigner, { validTo: START + 1 }) } },
    wrong: { ...QUIET, 'outcome-key': 'fail KEY_RETIRED' },
  },
  {
    rule: 'a purpose that no duty names',
    change: { request: { purpose: 'marketing' } },
    wrong: { ...QUIET, purpose: 'fail NO_DUTY' },
  },
  {
    rule: 'a purpose that no duty names, refused for it',
    change: { request: { purpose: 'marketing' }, outcome: { result: 'refused', code: 'NO_DUTY', fields: [] } },
    wrong: { ...QUIET, purpose: 'notAsked' },
  },
  {
    rule: 'a duty that had ended',
    change: { question: { facts: { ...FACTS, duties: [duty(REQUEST.purpose, START, RECORDED_AT)] } } },
    wrong: { ...QUIET, purpose: 'fail NO_DUTY' },
  },
  {
    rule: 'a duty that began later',
    change: { question: { facts: { ...FACTS, duties: [duty(REQUEST.purpose, RECORDED_AT + 9_000_000)] } } },
    wrong: { ...QUIET, purpose: 'fail NO_DUTY' },
  },
  {
    rule: 'a duty that ended while it was recorded',
    change: { question: { facts: { ...FACTS, duties: [duty(REQUEST.purpose, START, RECORDED_AT + 1000)] } } },
    wrong: { ...QUIET, purpose: 'unknown NO_DUTY' },
  },
  {
    rule: 'a duty that ended and was granted again',
    change: {
      question: { facts: { ...FACTS, duties: [duty(REQUEST.purpose, START, START + 1), duty(REQUEST.purpose, START + 2)] } },
    },
    wrong: QUIET,
  },
  {
    rule: 'break-glass without a duty: it fails, louder',
    change: { request: { purpose: 'marketing', breakGlass: '急救' } },
    wrong: { ...QUIET, purpose: 'fail NO_DUTY' },
  },
  {
    rule: 'an outcome later than its entry',
    change: { outcome: { answeredAt: RECORDED_AT + QUANTUM } },
    wrong: { ...QUIET, time: 'fail BAD_TIME' },
  },
  {
    rule: 'a request an hour later than its answer',
    change: { request: { requestedAt: RECORDED_AT + 3_600_000 } },
    wrong: { ...QUIET, time: 'unknown BAD_TIME' },
  },
  { rule: 'an entry no anchor holds yet', change: { question: { recordedIn: { from: RECORDED_AT, to: null } } }, wrong: QUIET },
  {
    rule: 'an import: a claim of the custodian, and its time another',
    change: { request: { grade: 'imported', requestedAt: START } },
    wrong: { ...QUIET, purpose: 'unknown CLAIMED_TIME' },
  },
  {
    rule: 'an import that claims a time without a duty',
    change: { request: { grade: 'imported', requestedAt: START - 1 } },
    wrong: { ...QUIET, purpose: 'fail NO_DUTY' },
  },
  {
    rule: 'an import signed by the accessor',
    change: {
      request: { grade: 'imported' },
      body: (body) => ({ ...body, request: signRequest({ ...REQUEST, grade: 'imported' }, accessorSigner) }),
    },
    wrong: {
      ...QUIET,
      'request-signature': 'fail UNKNOWN_KEY',
      'request-key': 'fail UNKNOWN_KEY',
      purpose: 'unknown CLAIMED_TIME',
    },
  },
  {
    rule: 'a seal that is not shown',
    change: { outcome: { seal: sealed.leafHash }, question: { sealedIn: { from: RECORDED_AT, to: RECORDED_AT + 1 } } },
    wrong: { operator: 'notAsked', seal: 'unknown NOT_SHOWN' },
  },
  {
    rule: 'a seal that is shown',
    change: {
      outcome: { seal: sealed.leafHash },
      question: { seal: sealed.seal, sealedIn: { from: RECORDED_AT, to: RECORDED_AT + 1 } },
    },
    wrong: { operator: 'notAsked' },
  },
  {
    rule: 'a seal of another request',
    change: {
      outcome: { seal: sealOf({ ...REQUEST, cause: '另一' }).leafHash },
      question: { seal: sealOf({ ...REQUEST, cause: '另一' }).seal, sealedIn: { from: RECORDED_AT, to: RECORDED_AT + 1 } },
    },
    wrong: { operator: 'notAsked', seal: 'fail OTHER_SEAL' },
  },
  {
    rule: 'another seal of this request than the outcome names',
    change: {
      outcome: { seal: sealed.leafHash },
      question: { seal: sealOf(REQUEST, '另一法').seal, sealedIn: { from: RECORDED_AT, to: RECORDED_AT + 1 } },
    },
    wrong: { operator: 'notAsked', seal: 'fail OTHER_SEAL' },
  },
  {
    rule: 'a seal shown for what was not sealed',
    change: { question: { seal: sealed.seal } },
    wrong: { operator: 'notAsked', seal: 'fail OTHER_SEAL' },
  },
  {
    rule: 'a release: when the signatures were made is not known without the sealed entry',
    change: { outcome: { seal: sealed.leafHash }, question: releasedQuestion(retiredSince, { seal: sealed.seal }) },
    wrong: {
      operator: 'notAsked',
      'request-key': 'unknown KEY_RETIRED',
      'outcome-key': 'unknown KEY_RETIRED',
      purpose: 'unknown NO_DUTY',
    },
  },
  {
    rule: 'a release, with the sealed entry',
    change: {
      outcome: { seal: sealed.leafHash },
      question: releasedQuestion(retiredSince, { seal: sealed.seal, sealedIn: { from: RECORDED_AT, to: RECORDED_AT + QUANTUM } }),
    },
    wrong: { operator: 'notAsked' },
  },
];

describe('one opened access', () => {
  for (const { rule, change, wrong } of CASES) {
    test(rule, () => {
      expect(wrongOf(change)).to.deep.equal(wrong);
    });
  }

  test('of another kind says nothing here', () => {
    const { entry } = questionOf({});
    const { body, findings } = verifyBody(questionOf({ question: { entry: { ...entry, kind: KINDS.objection } } }));
    expect(body).to.equal(null);
    expect(findings.body).to.deep.include({ outcome: 'fail', code: 'UNKNOWN_KIND' });
  });

  test('never throws, and shows no number in what it finds, whatever bytes were committed to', () => {
    const { body, ...question } = questionOf({});
    for (let i = 0; i < body.length; i += 7) {
      const damaged = Uint8Array.from(body, (byte, at) => (at === i ? byte ^ 1 : byte));
      const entry = { ...question.entry, commitment: commitmentOf(NONCE, damaged) };
      const { findings } = verifyBody({ ...question, entry, body: damaged });
      expect(
        Object.values(findings).some(({ outcome }) => outcome === 'fail'),
        String(i),
      ).to.equal(true);
      expect(JSON.stringify(findings)).to.not.contain('9999991900');
    }
  });

  test('in a log of the same custodian that the outcome does not name is out of place', () => {
    const second = logFact('sample/11999900MB0000001K/access2', 'access');
    expect(verifyBody(questionOf({ question: { log: second } })).findings.custodian).to.deep.include({
      outcome: 'fail',
      code: 'OTHER_LOG',
    });
  });
});
