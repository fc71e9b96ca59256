/** Which language a page speaks: `?lang=` before what was chosen here earlier, before Chinese. */
import type { Lang } from '../../core/verify/words.ts';

const STORED_AS = 'veritrail.lang';

export function chosenLanguage(query: string, store: Pick<Storage, 'getItem'>): Lang {
  const wanted = new URLSearchParams(query).get('lang') ?? store.getItem(STORED_AS);
  return wanted === 'en' ? 'en' : 'zh-CN';
}

export function rememberLanguage(lang: Lang, store: Pick<Storage, 'setItem'>): void {
  store.setItem(STORED_AS, lang);
}
