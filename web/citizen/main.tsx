/** Starts the citizen's page: the one place that touches the browser's clock, storage and address. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { invariant } from '../../core/bytes/error.ts';
import { type TextStore, TrustMemory } from '../check/trust-memory.ts';
import { HistoryPage } from '../history/page.tsx';
import { chosenLanguage, rememberLanguage } from '../text/choice.ts';
import { CITIZEN_TEXTS, CitizenLanguageProvider } from '../text/citizen-language.ts';
import { sameOriginPortal } from './portal.ts';
import { type Trouble, Visit } from './visit.ts';

/** Some browsers refuse storage altogether: then nothing is remembered beyond this page. Of the person nothing is stored in any case. */
function browserStore(): TextStore {
  try {
    return window.localStorage;
  } catch {
    const items = new Map<string, string>();
    return { getItem: (name) => items.get(name) ?? null, setItem: (name, text) => void items.set(name, text) };
  }
}

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

function App(): JSX.Element {
  const [state, setState] = useState(visit.state);
  const [lang, setLang] = useState(() => chosenLanguage(window.location.search, store));
  const text = CITIZEN_TEXTS[lang];
  useEffect(() => visit.listen(setState), []);
  useEffect(() => {
    document.documentElement.lang = lang;
    document.title = `${text.pageTitle} · ${text.name}`;
  }, [lang, text]);
  const switchLanguage = (): void => {
    const other = lang === 'en' ? 'zh-CN' : 'en';
    rememberLanguage(other, store);
    setLang(other);
  };
  return (
    <CitizenLanguageProvider value={text}>
      <HistoryPage
        visit={visit}
        state={state}
        onSwitchLanguage={switchLanguage}
        onLeave={(next) => window.location.assign(next)}
      />
    </CitizenLanguageProvider>
  );
}

const place = document.getElementById('page');
invariant(place !== null, 'the page has a place to draw in');
place.replaceChildren();
render(<App />, place);
void visit.open(signInTrouble(window.location.search));
