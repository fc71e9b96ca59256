/** The clerk's page in two languages. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Lang } from '../../core/verify/words.ts';
import { en } from './en.ts';
import { type Text, zhCN } from './zh-CN.ts';

export const TEXTS: Readonly<Record<Lang, Text>> = { 'zh-CN': zhCN, en };

const Language = createContext<Text>(zhCN);
export const LanguageProvider = Language.Provider;

/** The page's words in the language of the moment. */
export function useText(): Text {
  return useContext(Language);
}
