/** The contracts' interfaces, and how our values stand in their calls. */
import { encodeHex, encodeUtf8 } from '../core/bytes/bytes.ts';
import { AuthorityRegistry__factory } from './bindings/factories/AuthorityRegistry__factory.ts';
import { CheckpointAnchor__factory } from './bindings/factories/CheckpointAnchor__factory.ts';
import { Consortium__factory } from './bindings/factories/Consortium__factory.ts';
import { OmissionCourt__factory } from './bindings/factories/OmissionCourt__factory.ts';

export const CONSORTIUM = Consortium__factory.createInterface();
export const REGISTRY = AuthorityRegistry__factory.createInterface();
export const ANCHOR = CheckpointAnchor__factory.createInterface();
export const COURT = OmissionCourt__factory.createInterface();

/** What the contracts call "no end yet": the largest uint64. */
export const OPEN = 2n ** 64n - 1n;
export const ZERO_WORD = `0x${'00'.repeat(32)}`;
const NO_CODE = `0x${'00'.repeat(18)}`;

export const hex = (bytes: Uint8Array): string => `0x${encodeHex(bytes)}`;
/** The chain's form of a unified social credit code; of none, zeros. */
export const codeHex = (code: string | null): string => (code === null ? NO_CODE : hex(encodeUtf8(code)));
/** The chain counts choices from 1. */
export const numberOf = <Choice>(choices: readonly Choice[], choice: Choice): number => choices.indexOf(choice) + 1;
