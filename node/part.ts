/** What a node has for each class of log: the same program, but for how the log is written and what may be asked of it. */
import type { Hash } from '../core/bytes/hash.ts';
import type { Origin } from '../core/log/origin.ts';
import type { HotRoute, Route } from '../service/http.ts';
import type { Logger } from '../service/logger.ts';
import type { Signer } from '../service/signer.ts';
import type { Store } from '../service/store.ts';
import type { Tokens } from '../service/token.ts';
import type { AnchorLoop } from './anchor.ts';
import type { NodeConfig } from './config.ts';
import type { ChainFollower } from './follower.ts';
import type { Anchors } from './log/anchors.ts';
import type { Answers } from './log/answers.ts';
import type { LogStore } from './log/log-store.ts';
import type { Writing } from './log/writing.ts';
import type { Register } from './log/register.ts';
import type { Identity } from './standing.ts';
import type { ChainWatch } from './watch.ts';

/** What logs of every class have. */
export interface NodeBase {
  readonly config: NodeConfig;
  readonly origin: Origin;
  readonly logId: Hash;
  readonly store: Store;
  readonly log: LogStore;
  readonly answers: Answers;
  readonly anchors: Anchors;
  readonly register: Register;
  readonly signer: Signer;
  readonly tokens: Tokens;
  readonly passphrase: string;
  readonly logger: Logger;
  /** UTC ms. */
  readonly clock: () => number;
  /** Aborted when the program is to stop. */
  readonly signal: AbortSignal;
}

export interface ChainParts {
  readonly follower: ChainFollower;
  readonly watch: ChainWatch;
  readonly anchorLoop: AnchorLoop;
}

export interface Offer {
  readonly hot: readonly HotRoute[];
  readonly routes: readonly Route[];
  /** For /readyz, beside those of every node. */
  readonly checks?: Readonly<Record<string, () => string | null>>;
  /** Numbers for /metrics, by name, with what they count. */
  readonly gauges?: Readonly<Record<string, readonly [help: string, read: () => number]>>;
}

export interface ClassPart {
  readonly writer: Writing;
  /** Which keys the registry must list beside the log's. */
  readonly keyIds: Pick<Identity, 'documentKeyId' | 'requestKeyId'>;
  readonly offer: (chain: ChainParts) => Offer;
  /** Once the log may sign; until the program stops. */
  readonly run?: () => Promise<void>;
  readonly close?: () => Promise<void>;
}
