/** Starts the page: the one place that touches the browser's clock, storage and address. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { invariant } from '../core/bytes/error.ts';
import { digestInWorker } from './check/digest.ts';
import { Session } from './check/session.ts';
import { type TextStore, TrustMemory } from './check/trust-memory.ts';
import { sameOriginVerifier } from './check/verifier.ts';
import { chosenLanguage, rememberLanguage } from './text/choice.ts';
import { LanguageProvider, TEXTS } from './text/language.ts';
import { Page } from './view/page.tsx';

/** Some browsers refuse storage altogether: then nothing is remembered beyond this page. */
function browserStore(): TextStore {
  try {
    return window.localStorage;
  } catch {
    const items = new Map<string, string>();
    return { getItem: (name) => items.get(name) ?? null, setItem: (name, text) => void items.set(name, text) };
  }
}

const store = browserStore();
const session = new Session(
  { verifier: sameOriginVerifier, memory: new TrustMemory(store), now: () => Date.now() },
  digestInWorker,
);

function App(): JSX.Element {
  const [state, setState] = useState(session.state);
  const [lang, setLang] = useState(() => chosenLanguage(window.location.search, store));
  const text = TEXTS[lang];
  useEffect(() => session.listen(setState), []);
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
    <LanguageProvider value={text}>
      <Page session={session} state={state} onSwitchLanguage={switchLanguage} />
    </LanguageProvider>
  );
}

const place = document.getElementById('page');
invariant(place !== null, 'the page has a place to draw in');
place.replaceChildren();
render(<App />, place);
void session.meet();
