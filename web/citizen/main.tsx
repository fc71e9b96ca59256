/** Starts the citizen's page: the one place that touches the browser's clock, storage and address. Of the person nothing is stored. */
import { TrustMemory } from '../check/trust-memory.ts';
import { HistoryPage } from '../history/page.tsx';
import { chosenLanguage, rememberLanguage } from '../text/choice.ts';
import { CITIZEN_TEXTS, CitizenLanguageProvider } from '../text/citizen-language.ts';
import { browserStore, startPage } from '../view/start.tsx';
import { sameOriginPortal } from './portal.ts';
import { type Trouble, Visit } from './visit.ts';

/** What the sign-in that the browser comes back from came to. */
function signInTrouble(query: string): Trouble | null {
  const trouble = new URLSearchParams(query).get('sign-in');
  return trouble === 'failed' || trouble === 'unavailable' ? trouble : null;
}

const store = browserStore();
// The way through the sign-in leads back without it.
if (new URLSearchParams(window.location.search).has('lang'))
  rememberLanguage(chosenLanguage(window.location.search, store), store);
const visit = new Visit({ portal: sameOriginPortal, memory: new TrustMemory(store), now: () => Date.now() });

startPage({
  source: visit,
  store,
  texts: CITIZEN_TEXTS,
  Language: CitizenLanguageProvider,
  Page: (props) => <HistoryPage visit={visit} {...props} onLeave={(next) => window.location.assign(next)} />,
});
void visit.open(signInTrouble(window.location.search));
