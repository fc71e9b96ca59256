/** SM3 of a file, computed in a worker of this page. */
import { unavailable } from '../../core/bytes/error.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import type { DigestMessage } from './digest-worker.ts';

export type Digest = (file: Blob, onProgress: (doneBytes: number) => void) => Promise<Hash>;

/** Throws UNAVAILABLE when the file cannot be read: it was moved, changed meanwhile, or is a folder. */
export const digestInWorker: Digest = async (file, onProgress) => {
  const worker = new Worker(new URL('digest-worker.ts', import.meta.url), { type: 'module' });
  try {
    return await new Promise<Hash>((resolve, reject) => {
      const refuse = (): void => reject(unavailable('the file cannot be read'));
      worker.addEventListener('error', refuse);
      worker.addEventListener('message', ({ data }: MessageEvent<DigestMessage>) => {
        if (data.kind === 'progress') onProgress(data.doneBytes);
        else if (data.kind === 'digest') resolve(asHash(data.digest));
        else refuse();
      });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no other origin
      worker.postMessage(file);
    });
  } finally {
    worker.terminate();
  }
};
