/** The citizen's page in two languages. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Lang } from '../../core/verify/words.ts';
import { citizenEn } from './citizen-en.ts';
import { type CitizenText, citizenZhCN } from './citizen-zh-CN.ts';

export const CITIZEN_TEXTS: Readonly<Record<Lang, CitizenText>> = { 'zh-CN': citizenZhCN, en: citizenEn };

const Language = createContext<CitizenText>(citizenZhCN);
export const CitizenLanguageProvider = Language.Provider;

/** The page's words in the language of the moment. */
export function useCitizenText(): CitizenText {
  return useContext(Language);
}
