/** The entries that look-ups showed, newest first: who, when, why, what came of it, along which path, and what of that does not hold. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { purposeMeaningOf } from '../../core/access/purpose.ts';
import { ACCESS_REASON_WORDS, ACTIONS, BODY_CHECKS, RESULT_WORDS } from '../../core/access/wording.ts';
import { Paths } from '../../core/leak/path.ts';
import type { TracedEntry } from '../../core/trace/traced.ts';
import { againstOf, type JudgedCase, nameOf } from '../../core/trace/view.ts';
import { CONTENT_WORDS } from '../../core/trace/words.ts';
import { formatInstant } from '../../core/verify/words.ts';
import type { AtCase } from '../desk/state.ts';
import { useDeskText } from '../text/desk-language.ts';
import { custodianName, type AtCaseProps } from './at-case.ts';
import { FactList, type FactRow } from '../view/fact-list.tsx';

const MAX_SHOWN = 100;

export function Entries({ casework, open }: AtCaseProps): JSX.Element {
  const text = useDeskText();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { judged, shown } = open;
  const entries = useMemo(() => shownEntries({ judged, shown }).toReversed(), [judged, shown]);
  const paths = useMemo(() => new Paths(judged.entries), [judged]);
  const choose = (pseudonym: string): void => {
    const changed = new Set(chosen);
    if (!changed.delete(pseudonym)) changed.add(pseudonym);
    setChosen(changed);
  };
  const propose = async (): Promise<void> => {
    await casework.propose([...chosen]);
    if (casework.state.trouble === null) setChosen(new Set());
  };
  return (
    <section class="card" aria-labelledby="entries">
      <div class="card-head">
        <h2 id="entries">{text.entries}</h2>
        <p class="small" role="status">
          {shown === null ? text.entriesAll(judged.entries.length) : text.entriesShown(entries.length, judged.entries.length)}
        </p>
      </div>
      {shown !== null && entries.length < judged.entries.length && (
        <button type="button" class="button" data-action="show-all" onClick={() => casework.show(null)}>
          {text.showAll}
        </button>
      )}
      {entries.length === 0 && (
        <p class="empty">
          {text.noEntries} {judged.file.exchanges.length > 0 && text.noEntriesNote}
        </p>
      )}
      {chosen.size > 0 && (
        <div class="offer chosen">
          <button type="button" class="button primary" data-action="propose" onClick={() => void propose()}>
            {text.unmaskChosen(chosen.size)}
          </button>
          <p class="small">{text.unmaskNote}</p>
        </div>
      )}
      <ul class="entries">
        {entries.slice(0, MAX_SHOWN).map((entry) => (
          <Entry key={entry.leafHash} judged={judged} entry={entry} paths={paths} chosen={chosen} onChoose={choose} />
        ))}
      </ul>
      {entries.length > MAX_SHOWN && <p class="empty">{text.more(entries.length - MAX_SHOWN)}</p>}
    </section>
  );
}

function shownEntries({ judged, shown }: Pick<AtCase, 'judged' | 'shown'>): readonly TracedEntry[] {
  if (shown === null) return judged.entries;
  const leaves = new Set([...shown].flatMap((i) => judged.traced[i]?.entries.map(({ leafHash }) => leafHash) ?? []));
  return judged.entries.filter(({ leafHash }) => leaves.has(leafHash));
}

interface EntryProps {
  readonly judged: JudgedCase;
  readonly entry: TracedEntry;
  readonly paths: Paths;
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (pseudonym: string) => void;
}

function Entry({ judged, entry, paths, chosen, onChoose }: EntryProps): JSX.Element {
  const text = useDeskText();
  const { papers, leafHash, log, content, kind } = entry;
  return (
    <li class="entry" data-entry={leafHash} data-content={content} data-result={papers?.outcome.outcome.result}>
      <p class="entry-when">
        <time dateTime={new Date(entry.entry.recordedAt).toISOString()}>{formatInstant(entry.entry.recordedAt, text.lang)}</time>
        <span>{custodianName({ judged }, log.origin)}</span>
      </p>
      <h3>{titleOf(judged, entry, text)}</h3>
      <Person judged={judged} entry={entry} chosen={chosen} onChoose={onChoose} />
      <Facts judged={judged} entry={entry} paths={paths} />
      <Against entry={entry} />
      {kind === 'access' && content !== 'opened' && <p class="small">{CONTENT_WORDS[content][text.lang]}</p>}
    </li>
  );
}

function titleOf(judged: JudgedCase, { papers, kind }: TracedEntry, text: ReturnType<typeof useDeskText>): string {
  if (papers === null) return (kind !== null && text.kinds[kind]) || text.otherEntry;
  const { accessor, operator, action } = papers.request.request;
  const done = Object.hasOwn(ACTIONS, action) ? ACTIONS[action]![text.lang] : action;
  return `${nameOf(judged.world.facts, accessor)} ${operator.id} · ${done}`;
}

function Person({ judged, entry, chosen, onChoose }: Omit<EntryProps, 'paths'>): JSX.Element | null {
  const text = useDeskText();
  const pseudonym = judged.pseudonymOf(entry);
  if (pseudonym === null) return null;
  const number = judged.named.get(pseudonym);
  const isUnmaskable = number === undefined && (entry.content === 'masked' || entry.content === 'opened');
  return (
    <p class="person" data-pseudonym={pseudonym} data-named={number !== undefined}>
      {isUnmaskable && (
        <input
          type="checkbox"
          checked={chosen.has(pseudonym)}
          aria-label={text.choose(pseudonym)}
          onChange={() => onChoose(pseudonym)}
        />
      )}
      <span>
        {text.person} <span class="code">{pseudonym}</span>
        {number !== undefined && (
          <>
            {' '}
            {text.named} <strong>{number.id}</strong>
          </>
        )}
      </span>
    </p>
  );
}

function Facts({ judged, entry, paths }: Pick<EntryProps, 'judged' | 'entry' | 'paths'>): JSX.Element {
  const text = useDeskText();
  const { papers, recordedIn, request } = entry;
  const instant = (ms: number): string => formatInstant(ms, text.lang);
  const said = papers?.request.request ?? null;
  const rows: FactRow[] = [
    [
      text.why,
      said &&
        [purposeMeaningOf(said.purpose)?.words[text.lang] ?? said.purpose, said.cause, said.case].filter(Boolean).join(' · '),
    ],
    [text.breakGlass, said && said.breakGlass],
    [text.result, papers && RESULT_WORDS[papers.outcome.outcome.result][text.lang]],
    [text.path, request === null ? null : pathOf(judged, paths, request, text)],
    [text.recordedBetween, text.between(instant(recordedIn.from), recordedIn.to === null ? null : instant(recordedIn.to))],
    [text.leafHash, <span class="code">{entry.leafHash}</span>],
  ];
  return <FactList rows={rows} />;
}

/** Null for a request that nothing led to. */
function pathOf(judged: JudgedCase, paths: Paths, request: string, text: ReturnType<typeof useDeskText>): string | null {
  const steps = paths.to(request);
  if (steps.length < 2) return null;
  const name = (code: string): string => nameOf(judged.world.facts, code);
  return steps
    .map(({ said }) => (said === null ? text.notShown : `${name(said.accessor)} ${said.operator.id} @ ${name(said.custodian)}`))
    .join(' → ');
}

function Against({ entry }: { readonly entry: TracedEntry }): JSX.Element | null {
  const text = useDeskText();
  const against = againstOf(entry);
  if (against.length === 0) return null;
  return (
    <div class="loud-note">
      <p>{text.againstLead}</p>
      <ul>
        {against.map(({ id, outcome, code }) => (
          <li key={id} data-against={id} data-outcome={outcome}>
            {BODY_CHECKS[id][text.lang]} {outcome === 'fail' ? text.fails : text.unknown}
            {code !== null &&
              (text.lang === 'en' ? `: ${ACCESS_REASON_WORDS[code].en}` : `：${ACCESS_REASON_WORDS[code]['zh-CN']}`)}
          </li>
        ))}
      </ul>
    </div>
  );
}
