/**
 * Along which path: a request names the one that led to it, so what an authority read and then gave on, or asked for because of what it had
 * read, can be followed back from custodian to custodian. Only shown requests can be followed; where the next one is not shown, that is said.
 */
import type { AccessRequest } from '../access/request.ts';
import { encodeHex } from '../bytes/bytes.ts';
import type { TracedEntry } from '../trace/traced.ts';

export interface PathStep {
  /** Request digest, hex. */
  readonly request: string;
  /** Null: named by the step after it, and not among what was shown. */
  readonly said: AccessRequest | null;
}

/** No path of use is longer; a longer one ends as if the next were not shown. */
const MAX_STEPS = 64;

export class Paths {
  readonly #requests = new Map<string, AccessRequest>();
  readonly #children = new Map<string, string[]>();

  constructor(entries: readonly TracedEntry[]) {
    for (const { request, papers } of entries)
      if (request !== null && papers !== null) this.#add(request, papers.request.request);
  }

  #add(digest: string, said: AccessRequest): void {
    if (this.#requests.has(digest)) return;
    this.#requests.set(digest, said);
    if (said.parent === null) return;
    const parent = encodeHex(said.parent);
    this.#children.set(parent, [...(this.#children.get(parent) ?? []), digest]);
  }

  /** From the first that is known to the request itself. A digest cannot lead back to itself, so this ends. */
  to(digest: string): PathStep[] {
    const steps: PathStep[] = [];
    for (let next: string | null = digest; next !== null && steps.length < MAX_STEPS;) {
      const said: AccessRequest | null = this.#requests.get(next) ?? null;
      steps.unshift({ request: next, said });
      next = said === null || said.parent === null ? null : encodeHex(said.parent);
    }
    return steps;
  }

  /** Requests that name this one as what led to them, ascending. */
  after(digest: string): readonly string[] {
    return (this.#children.get(digest) ?? []).toSorted();
  }

  /** Digests that are named and not shown: what to ask for next. */
  get missing(): readonly string[] {
    return [...this.#children.keys()].filter((digest) => !this.#requests.has(digest)).toSorted();
  }
}
