/** What accessors keep of their own accesses, held against her histories: what was not recorded as it was, and who was asked at all. */
import type { JSX } from 'preact';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { type CopyStanding, isFound, type JudgedCopy } from '../../core/citizen/compared.ts';
import { formatInstant } from '../../core/verify/words.ts';
import { exportCopy, save } from '../citizen/export.ts';
import type { VisitState } from '../citizen/visit.ts';
import { useCitizenText } from '../text/citizen-language.ts';
import { OutcomeSign } from '../view/icons.tsx';
import { nameIn } from './sentence.tsx';

type Accessor = VisitState['accessors'][number];

function Found({ judged, state }: { readonly judged: JudgedCopy; readonly state: VisitState }): JSX.Element | null {
  const text = useCitizenText();
  const { accessor, code, outcome } = judged;
  if (outcome === null || (code !== 'NOT_IN_HISTORY' && code !== 'OTHER_LOG' && code !== 'OTHER_OUTCOME')) return null;
  const custodian = nameIn(state, outcome.custodian);
  return (
    <li class="sentence" data-copy={judged.standing} data-code={code} data-outcome="fail">
      <OutcomeSign outcome="fail" />
      <div>
        <h3>{text.foundTitle(custodian)}</h3>
        <p class="loud-note">
          {text.found[code](nameIn(state, accessor), custodian, formatInstant(outcome.answeredAt, text.lang))}
        </p>
        <p>{text.foundAct}</p>
        <button type="button" class="button" data-action="save-paper" onClick={() => save(exportCopy(judged))}>
          {text.savePaper}
        </button>
        <p class="small">{text.saveNote}</p>
      </div>
    </li>
  );
}

const SIGN_OF = { compared: 'pass', silent: 'unknown', asking: 'notAsked' } as const;

function saysOf({ told, authority }: Accessor, { comparison }: VisitState, text: ReturnType<typeof useCitizenText>): string {
  if (told === null) return '';
  if (told === 'silent') return text.accessorSilent;
  const own = comparison.copies.filter(({ accessor }) => accessor === authority);
  const count = (standing: CopyStanding): number => own.filter((one) => one.standing === standing).length;
  const parts = [
    text.accessorSays(own.length, count('agrees')),
    count('open') > 0 && text.accessorOpen(count('open')),
    count('void') > 0 && text.accessorVoid(count('void')),
    !told.isAll && text.accessorMore,
  ];
  return parts.filter((part) => part !== false).join(text.lang === 'en' ? '; ' : '；');
}

function One({ accessor, state }: { readonly accessor: Accessor; readonly state: VisitState }): JSX.Element {
  const text = useCitizenText();
  const { authority, told } = accessor;
  const standing = told === null ? 'asking' : told === 'silent' ? 'silent' : 'compared';
  return (
    <li class="log" data-accessor={authority} data-standing={standing} data-outcome={SIGN_OF[standing]}>
      <OutcomeSign outcome={SIGN_OF[standing]} />
      <h3>{nameIn(state, authority)}</h3>
      <span class="outcome">{text.accessorOutcomes[standing]}</span>
      <div class="log-says">
        <p>{saysOf(accessor, state, text)}</p>
      </div>
    </li>
  );
}

/** Nothing where the portal has a way to no accessor: then the sentences say "0 compared", and that is all. */
export function Compared({ state }: { readonly state: VisitState }): JSX.Element | null {
  const text = useCitizenText();
  if (state.accessors.length === 0) return null;
  const found = state.comparison.copies.filter(isFound);
  return (
    <section class="card" aria-labelledby="compared">
      <h2 id="compared">{text.comparison}</h2>
      <p class="small">{text.comparisonLead}</p>
      {found.length > 0 && (
        <ul class="sentences">
          {found.map((judged) => (
            <Found key={`${judged.accessor} ${encodeHex(judged.copy.leafHash)}`} judged={judged} state={state} />
          ))}
        </ul>
      )}
      <ul class="checks">
        {state.accessors.map((accessor) => (
          <One key={accessor.authority} accessor={accessor} state={state} />
        ))}
      </ul>
    </section>
  );
}
