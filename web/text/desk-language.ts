/** The auditor's desk in two languages. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Lang } from '../../core/verify/words.ts';
import { deskEn } from './desk-en.ts';
import { type DeskText, deskZhCN } from './desk-zh-CN.ts';

export const DESK_TEXTS: Readonly<Record<Lang, DeskText>> = { 'zh-CN': deskZhCN, en: deskEn };

const Language = createContext<DeskText>(deskZhCN);
export const DeskLanguageProvider = Language.Provider;

/** The page's words in the language of the moment. */
export function useDeskText(): DeskText {
  return useContext(Language);
}
