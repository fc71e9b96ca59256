/** Which language the page speaks: `?lang=` before what was chosen here earlier, before Chinese. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Lang } from '../../core/verify/words.ts';
import { en } from './en.ts';
import { type Text, zhCN } from './zh-CN.ts';

const STORED_AS = 'veritrail.lang';

export const TEXTS: Readonly<Record<Lang, Text>> = { 'zh-CN': zhCN, en };

export function chosenLanguage(query: string, store: Pick<Storage, 'getItem'>): Lang {
  const wanted = new URLSearchParams(query).get('lang') ?? store.getItem(STORED_AS);
  return wanted === 'en' ? 'en' : 'zh-CN';
}

export function rememberLanguage(lang: Lang, store: Pick<Storage, 'setItem'>): void {
  store.setItem(STORED_AS, lang);
}

const Language = createContext<Text>(zhCN);
export const LanguageProvider = Language.Provider;

/** The page's words in the language of the moment. */
export function useText(): Text {
  return useContext(Language);
}
