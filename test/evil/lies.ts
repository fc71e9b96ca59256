/** The lies, one each. A node that is told to lie was honest before: it has published and anchored at least one licence. */
import { parseJson, type JsonObject } from '../../core/bytes/json.ts';
import type { EvilIssuer } from './evil-issuer.ts';

export const LIES = [
  'fork',
  'omit',
  'omit-never',
  'rollback',
  'rewind',
  'backdate',
  'backdate-entry',
  'withhold',
  'withhold-proofs',
  'withhold-anchor',
  'swap',
] as const;
export type Lie = (typeof LIES)[number];

/** Answers with the promises that it gave, if any. */
type Play = (node: EvilIssuer, request: JsonObject) => Promise<JsonObject>;

const NOTHING: JsonObject = {};
const answerOf = (bytes: Uint8Array): JsonObject => parseJson(bytes) as JsonObject;

export const PLAYS: Readonly<Record<Lie, Play>> = {
  /** Anchored one root; shows, and asks cosignatures for, another of the same size. */
  fork: async (node, request) => {
    const { size } = node.log;
    const other = node.log.copyAt(size - 2);
    await node.issue(request, { into: other });
    node.log = other;
    const face = await node.sign(other);
    await node.swap(face, size);
    node.face = face;
    await node.anchor(face);
    return NOTHING;
  },

  /** The entry is in the tree, and the map has no trace of it. */
  omit: async (node, request) => {
    const from = node.log.size;
    const answer = await node.issue(request);
    await node.publish(await node.sign(node.log, node.log.mapWithout(from)));
    return answerOf(answer);
  },

  /** Promised, and then neither in the tree nor in the map; the log goes on. */
  'omit-never': async (node, request) => answerOf(await node.issue(request, { isRecorded: false })),

  /** What the map held at an older checkpoint is gone from the newer one. */
  rollback: async (node, request) => {
    await node.issue(request);
    await node.publish(await node.sign(node.log, node.log.mapWithout(1)));
    return NOTHING;
  },

  /** Restored from an old backup, it signs its old size anew, then another history that is longer than what it anchored. */
  rewind: async (node, request) => {
    const { size } = node.log;
    const old = node.log.copyAt(size - 2);
    const shorter = await node.sign(old);
    await node.swap(shorter, old.size);
    await node.anchor(shorter);
    for (const serial of ['R1', 'R2']) await node.issue({ ...request, serial, files: [] }, { into: old });
    await node.issue(request, { into: old });
    node.log = old;
    const longer = await node.sign(old);
    await node.swap(longer, size - 2);
    await node.anchor(longer);
    node.face = longer;
    return NOTHING;
  },

  /** A checkpoint that says it was made before the newest one. */
  backdate: async (node, request) => {
    const issuedAt = node.face!.checkpoint.issuedAt - 1_000;
    await node.issue(request, { recordedAt: Math.floor((issuedAt - 1_000) / 1_000) * 1_000 });
    const face = await node.sign(node.log, node.log.mapWithout(), issuedAt);
    await node.swap(face);
    await node.anchor(face);
    return NOTHING;
  },

  /** An entry that says it was made before those that stand before it. */
  'backdate-entry': async (node, request) => {
    await node.issue(request, { recordedAt: node.now() - 86_400_000 });
    await node.publish(await node.sign(node.log));
    return NOTHING;
  },

  /** An anchored root whose entries nobody gets. */
  withhold: async (node, request) => {
    node.hidden.add('tiles');
    await node.issue(request);
    await node.publish(await node.sign(node.log));
    return NOTHING;
  },

  /** An anchored map root that is not its entries', and that nobody can open. */
  'withhold-proofs': async (node, request) => {
    node.hidden.add('proofs');
    const from = node.log.size;
    await node.issue(request);
    await node.publish(await node.sign(node.log, node.log.mapWithout(from)));
    return NOTHING;
  },

  /** Published, and kept off the chain. */
  'withhold-anchor': async (node, request) => {
    await node.issue(request);
    const face = await node.sign(node.log);
    await node.swap(face);
    node.face = face;
    return NOTHING;
  },

  /** Two copies of one log: one registers its next checkpoint, the other is refused and anchors its own all the same. */
  swap: async (node, request) => {
    const copy = node.log.copyAt(node.log.size);
    const oldSize = copy.size;
    await node.issue({ ...request, serial: 'FIRST', files: [] });
    await node.issue({ ...request, serial: 'SECOND', files: [] });
    await node.swap(await node.sign(node.log));
    node.log = copy;
    await node.issue(request);
    const face = await node.sign(copy);
    await node.swap(face, oldSize);
    node.face = face;
    await node.anchor(face);
    return NOTHING;
  },
};
