import { describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeKeyAct, encodeKeyPossession, type KeyAct, type KeyPossession } from '../../core/authority/key-act.ts';
import { decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import { parsePublicKey } from '../../core/sm/sm2.ts';
import { expectRefusal, readVectors } from '../log/mangling.ts';

type Fields<Act> = { [Name in keyof Act]: Act[Name] extends Uint8Array ? string : Act[Name] };
type Case = ({ format: 'key-act'; fields: Fields<KeyAct> } | { format: 'key-possession'; fields: Fields<KeyPossession> }) & {
  signedBytes?: string;
};

function encode({ format, fields }: Case): Uint8Array {
  const registry = decodeHex(fields.registry);
  if (format === 'key-act') return encodeKeyAct({ ...fields, registry, keyId: hashFromHex(fields.keyId) });
  return encodeKeyPossession({ ...fields, registry, publicKey: parsePublicKey(decodeHex(fields.publicKey)) });
}

describe('key acts, vectors', () => {
  for (const vector of readVectors<Case>('key-act.json')) {
    test(`${vector.want === 'ok' ? 'writes' : 'refuses'}: ${vector.desc}`, () => {
      if (vector.want !== 'ok') return expectRefusal(vector.want, () => encode(vector));
      expect(encodeHex(encode(vector))).to.equal(vector.signedBytes);
      expect(encode(vector).length).to.equal(vector.format === 'key-act' ? 112 : 136);
    });
  }
});
