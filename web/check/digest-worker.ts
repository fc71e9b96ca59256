/** Reads and hashes one file apart from the page, piece by piece, so that the page stays responsive. Nothing leaves the machine. */
import { Sm3 } from '../../core/sm/sm3.ts';

/** What the worker tells the page; the last message is `digest` or `unreadable`. */
export type DigestMessage =
  | { readonly kind: 'progress'; readonly doneBytes: number }
  | { readonly kind: 'digest'; readonly digest: Uint8Array }
  | { readonly kind: 'unreadable' };

const PIECE = 1 << 20;

function tell(message: DigestMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- only the page that made the worker hears it
  self.postMessage(message);
}

async function digestFile(file: Blob): Promise<Uint8Array> {
  const hash = new Sm3();
  for (let offset = 0; offset < file.size; offset += PIECE) {
    hash.update(new Uint8Array(await file.slice(offset, offset + PIECE).arrayBuffer()));
    tell({ kind: 'progress', doneBytes: Math.min(offset + PIECE, file.size) });
  }
  return hash.digest();
}

self.addEventListener('message', ({ data }: MessageEvent<Blob>) => {
  digestFile(data).then(
    (digest) => tell({ kind: 'digest', digest }),
    () => tell({ kind: 'unreadable' }),
  );
});
