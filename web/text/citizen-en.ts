/** The words of the citizen's page in English. */
import type { CitizenText } from './citizen-zh-CN.ts';

export const citizenEn: CitizenText = {
  lang: 'en',
  name: 'Veritrail',
  pageTitle: 'Who looked at my data',
  otherLang: '中文',
  lead: 'See which authorities read your personal data, what for, and whether this list is complete.',
  sample: 'Sample',
  sampleNote: 'One machine, no independent party; the people and numbers are invented. For demonstration only.',

  signIn: 'Sign in to see',
  signOut: 'Sign out',
  signedInAs: 'Signed in',
  number: 'Number',
  masked: (text) => `ending in ${text}`,
  signInNote: 'The identity service establishes who you are. What is found goes to you alone; this site keeps nothing of it.',
  steps: [
    [
      'Each custodian is asked',
      'Every custodian that the registry lists is asked; one that does not answer is listed all the same. Each gets a short-lived token made for it alone.',
    ],
    [
      'Checked on your device',
      'That the entries belong to your number, each entry, and that nothing follows them: this page checks the proofs itself and uses no server’s opinion.',
    ],
    [
      'What is unknown is said',
      'Whoever is not connected, did not answer or is not anchored yet is listed as such, and never counts as “nobody looked”.',
    ],
  ],

  troubles: {
    failed: 'The sign-in did not work and nobody is signed in. Please try again.',
    unavailable: 'The identity service does not answer at present. Please try again later.',
    'no-answer':
      'The verifier does not answer, so it is not known whom to ask and nothing was checked. This does not mean that nobody looked.',
    'refused-trust':
      'The trust file that the verifier offers does not hold and is not used, so nothing was checked. Ask whoever runs this system.',
    ended: 'Your sign-in has ended. Please sign in again.',
    broken: 'This page has failed and has no result. Please reload it and try again.',
  },
  asking: 'Asking the custodians and checking their answers',
  askingCount: (done, all) => `${done} of ${all} logs checked`,
  again: 'Check again',
  checkedAt: (instant) => `Checked at ${instant}`,

  overview: 'At a glance',
  overviewRows: (accesses, custodians) => `${accesses} accesses shown by ${custodians} custodians`,
  overviewComplete: (complete, all) => `${complete} of ${all} custodians shown to be complete`,
  overviewOpen: (open) => `${open} cannot be confirmed at present`,
  overviewApart: (apart) => `${apart} not connected yet`,

  overviewFound: (found) =>
    `${found} ${found === 1 ? 'access was' : 'accesses were'} not recorded as it was: see “Compared with those who read”`,

  sentences: 'What is certain',
  sentence: (custodian, checkpoints, anchoredAt, entries) =>
    `Up to ${checkpoints}, anchored at ${anchoredAt}, the access logs that the registry lists for ${custodian} hold exactly ${entries} ${entries === 1 ? 'entry' : 'entries'} under your number; none has been removed or changed since it was first anchored.`,
  checkpointOf: (origin, size) => `checkpoint ${origin} · ${size}`,
  sentenceOpen: (custodian, why) =>
    `${custodian}: whether the entries are complete cannot be confirmed at present – ${why}. That says neither that anybody looked nor that nobody did.`,
  sentenceAgain: 'Please ask again a little later with “Check again” above; you need not sign in again.',
  sentenceSome: (entries) =>
    `The ${entries === 1 ? '1 entry that is' : `${entries} entries that are`} proven to be there ${entries === 1 ? 'is' : 'are'} listed below all the same.`,
  sentenceApart: (custodian) =>
    `${custodian}: registered and not connected yet, so there are no records to ask for. That does not mean that nobody looked there.`,
  notCovered: 'Not covered',
  notCoveredBy: (custodian, compared, entries) =>
    `accesses that ${custodian} did not log, or logged under another number (found by comparing with the accessors’ records: ${compared} of ${entries} compared);`,
  notCoveredSeals: (unreleased, overdue) =>
    `accesses under seal (over all custodians and persons: ${unreleased} unreleased, ${overdue} overdue).`,
  notCoveredSealsUnknown: 'accesses under seal (their number over all custodians and persons could not be obtained).',
  nobody: 'No entry. This is a proof, not a blank: the first place for your number in the log is shown to be empty.',

  coverage: 'Each custodian',
  coverageLead: 'Every access log that the registry lists:',
  coverageOutcomes: { complete: 'Complete', unknown: 'Cannot be confirmed', apart: 'Not connected', asking: 'Being asked' },
  upTo: (size, instant) => `up to entry ${size} (anchored at ${instant})`,
  newer: (size, instant) =>
    `There is a newer checkpoint (${size} entries, ${instant}) that this custodian’s answer does not cover`,
  epochs: 'Number keys',
  epochAll: (count) =>
    count === 1 ? 'never changed; the entries under it are all shown' : `${count} so far; the entries under each are all shown`,
  epochGap: (from) => `the entries under the one used from entry ${from} on are not proven to be all`,
  epochOpen: (count) => `${count} so far`,
  shown: (count) => `${count} ${count === 1 ? 'entry' : 'entries'} proven to be there`,
  compared: (compared, entries) => `Compared with the accessors’ records: ${compared} of ${entries}`,

  comparison: 'Compared with those who read',
  comparisonLead:
    'Authorities that read keep receipts which the custodian signed. This page asks them for the receipts about you and holds each against your entries.',
  accessorOutcomes: { compared: 'Compared', silent: 'Not compared', asking: 'Being asked' },
  accessorSays: (copies, agreeing) =>
    `${copies} ${copies === 1 ? 'receipt' : 'receipts'} shown, ${agreeing} of them agree with your entries`,
  accessorOpen: (open) => `${open} cannot be decided yet (not due, or the custodian’s entries are not proven to be complete)`,
  accessorVoid: (count) => `${count} ${count === 1 ? 'does' : 'do'} not hold and show nothing`,
  accessorMore: 'There are older receipts, more than one answer holds',
  accessorSilent: 'No answer at present, so nothing was compared. That says neither that they agree nor that they differ.',
  foundTitle: (custodian) => `${custodian} did not record this as it was`,
  found: {
    NOT_IN_HISTORY: (accessor, custodian, instant) =>
      `${accessor} holds a receipt signed by ${custodian}: at ${instant} it answered about your number and promised to record that. The time is over, and there is no such entry under your number: it was not recorded, or under another number.`,
    OTHER_LOG: (accessor, custodian, instant) =>
      `${accessor} holds a receipt signed by ${custodian}: at ${instant} it answered about your number, and the log in which it says this is recorded is not in the registry.`,
    OTHER_OUTCOME: (accessor, custodian, instant) =>
      `What ${custodian} signed to ${accessor} at ${instant} is not what it shows you.`,
  },
  foundAct:
    'The receipt bears the custodian’s own signature, and anybody can check it. Save this paper and tell the supervising authority.',
  savePaper: 'Save the paper',

  chart: 'Accesses by month',
  chartMonth: 'Month',
  chartGranted: 'Granted',
  chartOthers: 'Others (refused, failed, or not shown)',
  chartTable: 'As a table',

  filters: 'Filter',
  filterFrom: 'From',
  filterTo: 'To',
  filterCustodian: 'Custodian',
  filterAccessor: 'Who read',
  filterResult: 'Result',
  filterAll: 'All',
  filterBreakGlass: 'Break-glass only',
  filterClear: 'Clear filter',
  shownOf: (shown, all) => `${shown} of ${all} shown`,
  saveJson: 'Export JSON',
  saveCsv: 'Export CSV',
  saveNote: 'The file is made on this machine. It holds personal data of yours: keep it safe.',

  history: 'Accesses',
  none: 'No entry fits the filter.',
  noneAtAll: 'There is nothing to list at present. Whether that is complete, “Each custodian” above says.',
  who: 'Who',
  operator: (role, id) => `${role} (staff number ${id})`,
  system: 'System',
  why: 'Why',
  purposeUnknown: (token) => `${token} (this page has no explanation for this purpose)`,
  cause: 'Cause',
  matter: 'Matter in hand',
  caseNumber: 'Case number',
  legalBasis: 'Legal basis',
  agreement: 'Agreement',
  what: 'Which data',
  noFields: 'no data were given',
  sensitive: 'sensitive',
  method: 'What was done with them',
  people: 'How many people',
  peopleCount: (count) => (count === 1 ? 'about you alone' : `one access about ${count} people`),
  more: 'More',
  resultWhy: 'Why it was not granted',
  custodian: 'Custodian',
  read: (accessor, action) => `${accessor} accessed your data: ${action}`,
  tried: (accessor, action) => `${accessor} asked for your data: ${action}`,
  breakGlass: 'Break-glass',
  breakGlassNote: (why) => `The authority declared an emergency and went past the usual rules: ${why}`,
  noDuty: 'No registered duty',
  breakGlassNoDuty: 'The registry does not show that the authority had such a duty then.',
  noDutyNote:
    'The registry does not show that the authority had such a duty then, and the data were given all the same. You may object.',
  states: {
    proven: 'Proven',
    provisional: 'Not anchored yet',
    open: 'Partly unchecked',
    contradicted: 'Not what was recorded',
    refused: 'Content not disclosed',
    erased: 'Content erased',
    lost: 'Content lost',
    withheld: 'Content not shown',
  },
  stateNotes: {
    proven: '',
    provisional:
      'This entry is promised, or in the log, and not anchored on the chain yet, so it is no final proof. That usually takes minutes.',
    open: 'This entry is in the log; some of its content could not be checked.',
    contradicted:
      'This entry is in the log, but what the custodian shows as its content is not what was recorded then, or does not hold. You may object, and tell the supervising authority.',
    refused: 'This entry is in the log. The custodian does not disclose its content; the basis it names:',
    erased: 'This entry is in the log; none is missing. What it said was erased and cannot be restored.',
    lost: 'This entry is in the log; none is missing. But the custodian says that it has lost what the entry said and cannot show it at present. Please ask that custodian directly.',
    withheld: 'This entry is in the log. The custodian does not show its content, and no reason is on record.',
  },
  kinds: {
    access: 'an access',
    objection: 'your objection',
    answer: 'answer to an objection',
    erasure: 'erased the content of an entry',
  },
  unknownKind: 'an entry that this page cannot read yet',
  erasedUnder: (basis, count, instant) =>
    `Legal basis: ${basis}. The content of ${count} ${count === 1 ? 'entry' : 'entries'} was erased at ${instant}.`,

  how: 'How we know',
  checks: 'Each check',
  outcomes: { pass: 'passes', fail: 'fails', unknown: 'unchecked', notAsked: 'not applicable' },
  recordedAt: 'Time that the log states',
  requestedAt: 'Time that the authority states',
  provedTime: 'Proved time',
  provedBetween: (from, to) => (to === null ? `not before ${from}` : `between ${from} and ${to}`),
  grade: 'Who the operator is',
  terminal: 'Terminal',
  receipt: 'Receipt of who read',
  receiptAgrees: 'shown, and it agrees with this entry',
  receiptNone: 'not compared',
  place: 'Place in the log',
  placeOf: (origin, index) => `${origin}, entry ${index}`,
  placePromised: (origin) => `${origin}, promised and not in the log yet`,
  leafHash: 'Entry’s identifier',

  object: 'Object',
  objectLabel: 'What do you question or not agree with?',
  objectNote:
    'Your objection goes into the same log, and the custodian is to answer within its time. Please name nobody else in it.',
  objectSend: 'Send the objection',
  objectCancel: 'Cancel',
  objectFailed: 'It did not reach the custodian. Please try again later.',
  objectText: 'Please write something (at most 2000 characters).',
  objected: (instant) => `You objected at ${instant}`,
  answerBy: (instant) => `to be answered by ${instant}`,
  overdue: 'Overdue, no answer shown',
  waiting: 'Waiting for the answer',
  answered: (instant) => `Answered by the custodian at ${instant}`,
  decisions: { upheld: 'upheld', rejected: 'rejected', referred: 'referred to another authority' },

  trust: 'Trust file',
  trustOf: (consortium, version, until) => `consortium ${consortium} · version ${version} · valid until ${until}`,
  firstSight: 'Seen for the first time in this browser and taken without comparison.',
  truth:
    'This page says what the custodians’ logs hold, and whether that is complete. It does not say that what was recorded was true, and it cannot find an access that nobody recorded.',
};
