/** What every page starts with: one place to draw in, what the browser remembers, and the language of the moment. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { JSX, Provider } from 'preact';
import { invariant } from '../../core/bytes/error.ts';
import type { Lang } from '../../core/verify/words.ts';
import type { TextStore } from '../check/trust-memory.ts';
import { chosenLanguage, rememberLanguage } from '../text/choice.ts';

/** Some browsers refuse storage altogether: then nothing is remembered beyond this page. */
export function browserStore(): TextStore {
  try {
    return window.localStorage;
  } catch {
    const items = new Map<string, string>();
    return { getItem: (name) => items.get(name) ?? null, setItem: (name, text) => void items.set(name, text) };
  }
}

/** What the page shows, and whoever tells of each new state of it. */
export interface Source<State> {
  readonly state: State;
  listen(listener: (state: State) => void): void;
}

export interface PageTerms<State, Text> {
  readonly source: Source<State>;
  readonly store: TextStore;
  readonly texts: Readonly<Record<Lang, Text>>;
  readonly Language: Provider<Text>;
  readonly Page: (props: { readonly state: State; readonly onSwitchLanguage: () => void }) => JSX.Element;
}

export function startPage<State, Text extends { readonly pageTitle: string; readonly name: string }>(
  terms: PageTerms<State, Text>,
): void {
  const { source, store, texts, Language, Page } = terms;
  function App(): JSX.Element {
    const [state, setState] = useState(source.state);
    const [lang, setLang] = useState(() => chosenLanguage(window.location.search, store));
    const text = texts[lang];
    useEffect(() => {
      source.listen(setState);
    }, []);
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
      <Language value={text}>
        <Page state={state} onSwitchLanguage={switchLanguage} />
      </Language>
    );
  }
  const place = document.getElementById('page');
  invariant(place !== null, 'the page has a place to draw in');
  place.replaceChildren();
  render(<App />, place);
}
