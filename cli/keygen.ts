/** `veritrail keygen`: a new SM2 key of one type, in an encrypted file. */
import { randomBytes } from 'node:crypto';
import { encodeHex } from '../core/bytes/bytes.ts';
import { malformed } from '../core/bytes/error.ts';
import { keyIdOf } from '../core/authority/key-id.ts';
import { privateKeyFromRandom, publicKeyOf } from '../core/sm/sm2.ts';
import { FILE_TYPES } from '../core/sealed/key-file.ts';
import { createKeyFile } from '../service/key-file.ts';
import { type CommonOptions, print } from './command.ts';
import { readPassphrase } from './passphrase.ts';

export interface KeygenOptions extends CommonOptions {
  readonly type: string;
  readonly passphraseFile?: string;
}

/** Never overwrites a file. */
export async function keygen(path: string, options: KeygenOptions): Promise<void> {
  const type = FILE_TYPES.find((one) => one === options.type);
  if (type === undefined) throw malformed(`--type is one of ${FILE_TYPES.join(', ')}`);
  const passphrase = await readPassphrase(options.passphraseFile);
  const privateKey = privateKeyFromRandom(randomBytes(40));
  const publicKey = publicKeyOf(privateKey);
  await createKeyFile(path, passphrase, { type, privateKey, publicKey });
  const keyId = encodeHex(keyIdOf(publicKey));
  print(options, { file: path, type, keyId, publicKey: encodeHex(publicKey) }, [
    `${path}: ${type} key ${keyId}`,
    `public key ${encodeHex(publicKey)}`,
  ]);
}
