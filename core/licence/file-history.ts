/**
 * What a file's own history says: first a rendering (kind 10) or a copy (kind 11); later ones replace it, `correct` explains, `cancel`
 * withdraws. Any other order is undetermined.
 */
import type { KindName } from '../log/entry.ts';

export type FileFinding =
  | {
      readonly outcome: 'known';
      readonly kind: 'file' | 'copy';
      /** Place in the history of the entry whose body is the cover. */
      readonly cover: number;
      readonly isWithdrawn: boolean;
    }
  | { readonly outcome: 'unknown'; readonly code: 'BAD_ORDER' | 'UNKNOWN_KIND' };

export function fileFindingOf(kinds: readonly (KindName | null)[]): FileFinding {
  if (kinds.includes(null)) return { outcome: 'unknown', code: 'UNKNOWN_KIND' };
  const isAllowed = (kind: KindName | null): boolean =>
    kind === 'file' || kind === 'copy' || kind === 'correct' || kind === 'cancel';
  const isMade = (kind: KindName | null): boolean => kind === 'file' || kind === 'copy';
  if (!isMade(kinds[0] ?? null) || !kinds.every(isAllowed)) return { outcome: 'unknown', code: 'BAD_ORDER' };
  const cover = kinds.findLastIndex(isMade);
  const isWithdrawn = kinds.slice(cover).includes('cancel');
  return { outcome: 'known', kind: kinds[cover] as 'file' | 'copy', cover, isWithdrawn };
}
