/**
 * Who is signed in here, in memory only: a restart signs everybody out, and nothing of it reaches a disk. The browser holds a random id.
 * A session ends fifteen minutes after its last use and eight hours after its start.
 */
import type { CanonicalNumber } from '../../core/access/number.ts';
import { freshId } from './cookie.ts';
import type { IdentityProvider, SignedIn, SignIn } from './provider.ts';

const IDLE_MS = 15 * 60_000;
const LONGEST_MS = 8 * 3_600_000;
const SIGN_IN_MS = 10 * 60_000;
/** Beyond, the oldest go: whoever opens ten thousand signs nobody in by it. */
const MAX_SESSIONS = 20_000;
/** A token that ends on its way helps nobody. */
const TOKEN_MARGIN_MS = 15_000;

interface KeptToken {
  readonly accessToken: string;
  readonly endsAt: number;
}

export interface SessionWorld {
  readonly provider: IdentityProvider;
  /** UTC ms. */
  readonly clock: () => number;
}

export class Session {
  readonly person: CanonicalNumber;
  readonly name: string | null;
  /** What a page must show beside the cookie before it changes anything. */
  readonly csrf = freshId();
  readonly startedAt: number;
  usedAt: number;
  readonly #world: SessionWorld;
  #refreshToken: string;
  readonly #tokens = new Map<string, KeptToken>();
  /** One question at a time: a refresh token may be good for one use. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(world: SessionWorld, { person, name, refreshToken }: SignedIn) {
    this.#world = world;
    this.person = person;
    this.name = name;
    this.startedAt = world.clock();
    this.usedAt = this.startedAt;
    this.#refreshToken = refreshToken;
  }

  /** An access token for one custodian's node, and no other. Throws UNAVAILABLE. */
  tokenFor(resource: string): Promise<string> {
    const token = this.#queue.then(() => this.#tokenFor(resource));
    this.#queue = token.catch(() => {});
    return token;
  }

  async #tokenFor(resource: string): Promise<string> {
    const { provider, clock } = this.#world;
    const kept = this.#tokens.get(resource);
    if (kept !== undefined && kept.endsAt > clock() + TOKEN_MARGIN_MS) return kept.accessToken;
    const askedAt = clock();
    const { accessToken, expiresInMs, refreshToken } = await provider.tokenFor(resource, this.#refreshToken);
    this.#refreshToken = refreshToken ?? this.#refreshToken;
    this.#tokens.set(resource, { accessToken, endsAt: askedAt + expiresInMs });
    return accessToken;
  }

  end(backTo: string): Promise<URL | null> {
    this.#tokens.clear();
    return this.#world.provider.end(this.#refreshToken, backTo);
  }
}

/** Sessions, and sign-ins under way, each by its random id. */
export class Sessions {
  readonly #world: SessionWorld;
  readonly #sessions = new Map<string, Session>();
  readonly #signIns = new Map<string, { readonly signIn: SignIn; readonly startedAt: number }>();

  constructor(world: SessionWorld) {
    this.#world = world;
  }

  get count(): number {
    this.#drop();
    return this.#sessions.size;
  }

  begin(signIn: SignIn): string {
    this.#drop();
    return keep(this.#signIns, { signIn, startedAt: this.#world.clock() });
  }

  /** Once only: a second use of the same way back finds nothing. */
  take(id: string): SignIn | null {
    this.#drop();
    const begun = this.#signIns.get(id);
    this.#signIns.delete(id);
    return begun?.signIn ?? null;
  }

  open(signedIn: SignedIn): string {
    this.#drop();
    return keep(this.#sessions, new Session(this.#world, signedIn));
  }

  /** Null when it is over or never was. Looking it up is a use of it. */
  find(id: string): Session | null {
    this.#drop();
    const session = this.#sessions.get(id) ?? null;
    if (session !== null) session.usedAt = this.#world.clock();
    return session;
  }

  close(id: string): void {
    this.#sessions.delete(id);
  }

  #drop(): void {
    const now = this.#world.clock();
    for (const [id, { startedAt }] of this.#signIns) if (now >= startedAt + SIGN_IN_MS) this.#signIns.delete(id);
    for (const [id, { startedAt, usedAt }] of this.#sessions) {
      if (now >= usedAt + IDLE_MS || now >= startedAt + LONGEST_MS) this.#sessions.delete(id);
    }
  }
}

function keep<Kept>(all: Map<string, Kept>, one: Kept): string {
  const [oldest] = all.keys();
  if (all.size >= MAX_SESSIONS && oldest !== undefined) all.delete(oldest);
  const id = freshId();
  all.set(id, one);
  return id;
}
