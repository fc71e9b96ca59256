/** Each look-up, and whether it stands on record; and unmaskings that wait for a second officer. */
import type { JSX } from 'preact';
import { ACCESS_REASON_WORDS } from '../../core/access/wording.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { proposalName } from '../../core/desk/unmask.ts';
import type { Exchange } from '../../core/trace/case-file.ts';
import type { Traced } from '../../core/trace/traced.ts';
import { formatInstant } from '../../core/verify/words.ts';
import { useDeskText } from '../text/desk-language.ts';
import type { DeskText } from '../text/desk-zh-CN.ts';
import { OutcomeSign } from '../view/icons.tsx';
import { custodianName, type AtCaseProps } from './at-case.ts';

export function Waiting({ casework, open }: AtCaseProps): JSX.Element | null {
  const text = useDeskText();
  const { waiting } = open.judged.file;
  if (waiting.length === 0) return null;
  return (
    <section class="card" aria-labelledby="waiting">
      <h2 id="waiting">{text.waiting}</h2>
      <p class="small">{text.unmaskNote}</p>
      <ul class="entries">
        {waiting.map((one) => {
          const { query, request } = one.question;
          const { operator, requestedAt } = request.request;
          const count = query.kind === 'unmask' ? query.leafHashes.length : 0;
          const isOwn = operator.id === open.officer.id;
          return (
            <li key={proposalName(one)} class="entry" data-waiting={proposalName(one)} data-by={operator.id}>
              <p>
                {formatInstant(requestedAt, text.lang)} · {text.waitingOf(operator.id, count, custodianName(open, one.origin))}
              </p>
              {isOwn ? (
                <p class="small">{text.approveOther}</p>
              ) : (
                <button
                  type="button"
                  class="button primary"
                  data-action="approve"
                  onClick={() => void casework.approve(proposalName(one))}
                >
                  {text.approve}
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

const MAX_SHOWN = 200;

export function LookUps({ casework, open }: AtCaseProps): JSX.Element {
  const text = useDeskText();
  const { file, traced, entries } = open.judged;
  const inLog = new Set(entries.map(({ leafHash }) => leafHash));
  const newest = [...file.exchanges.entries()].toReversed().slice(0, MAX_SHOWN);
  return (
    <section class="card" aria-labelledby="look-ups">
      <h2 id="look-ups">{text.lookUps}</h2>
      {newest.length === 0 && <p class="empty">{text.lookUpsNone}</p>}
      <ul class="checks">
        {newest.map(([i, exchange]) => (
          <LookUp
            key={i}
            open={open}
            exchange={exchange}
            traced={traced[i] ?? null}
            inLog={inLog}
            onShow={() => casework.show(new Set([i]))}
          />
        ))}
      </ul>
      {file.exchanges.length > MAX_SHOWN && <p class="empty">{text.more(file.exchanges.length - MAX_SHOWN)}</p>}
    </section>
  );
}

type RecordStanding = 'logged' | 'promised' | 'silent';

/** Promised with the log's key, or the answer would not have been kept; seen in the log where an entry that was shown is the look-up's own. */
function standingOf({ answer }: Exchange, inLog: ReadonlySet<string>): RecordStanding {
  if (answer === null) return 'silent';
  return answer.event.promises.every(({ leafHash }) => inLog.has(encodeHex(leafHash))) ? 'logged' : 'promised';
}

interface LookUpProps extends Pick<AtCaseProps, 'open'> {
  readonly exchange: Exchange;
  readonly traced: Traced | null;
  readonly inLog: ReadonlySet<string>;
  readonly onShow: () => void;
}

function LookUp({ open, exchange, traced, inLog, onShow }: LookUpProps): JSX.Element {
  const text = useDeskText();
  const { query, request } = exchange.question;
  const { operator, requestedAt } = request.request;
  const standing = standingOf(exchange, inLog);
  const doubt = doubtOf(exchange, traced, text);
  const sign = standing === 'silent' || doubt !== null ? 'unknown' : 'pass';
  return (
    <li class="log" data-look-up={query.kind} data-standing={standing} data-outcome={sign}>
      <OutcomeSign outcome={sign} />
      <h3>{text.queryKinds[query.kind]}</h3>
      <div class="log-says">
        <p class="small">
          {formatInstant(requestedAt, text.lang)} · {text.lookUpBy(operator.id, custodianName(open, exchange.origin))}
        </p>
        <p>{text.standings[standing]}</p>
        {doubt !== null && <p data-doubt>{doubt}</p>}
        {traced !== null && (
          <p>
            {[
              text.countOf(traced.entries.length),
              traced.completeness?.outcome === 'complete' && text.complete,
              traced.unproven > 0 && text.unproven(traced.unproven),
            ]
              .filter(Boolean)
              .join(' · ')}{' '}
            <button type="button" class="link" data-action="show" onClick={onShow}>
              {text.lookUpShow}
            </button>
          </p>
        )}
      </div>
    </li>
  );
}

/** What keeps the answer from being relied on now. An unmasking opens entries that were shown before: it stands on no checkpoint of its own. */
function doubtOf({ question, answer, standing }: Exchange, traced: Traced | null, text: DeskText): string | null {
  if (answer === null || question.query.kind === 'unmask') return null;
  if (standing === null) return text.doubtful(text.unconfirmed);
  const doubt = traced?.doubt ?? null;
  return doubt === null ? null : text.doubtful(ACCESS_REASON_WORDS[doubt][text.lang]);
}
