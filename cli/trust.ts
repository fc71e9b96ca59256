/** `veritrail trust show|export`: reads a trust file, or signs one again with another end date. */
import { join } from 'node:path';
import { encodeHex, encodeUtf8, equalBytes } from '../core/bytes/bytes.ts';
import { malformed, untrusted } from '../core/bytes/error.ts';
import { canonicalJson, type JsonObject } from '../core/bytes/json.ts';
import { keyIdOf } from '../core/authority/key-id.ts';
import { encodeTrust, formatSignedTrust, type Trust, trustSignedBytes } from '../core/verify/trust.ts';
import { formatInstant } from '../core/verify/words.ts';
import { replaceFileDurably } from '../service/durable-file.ts';
import { openSigner } from '../service/signer.ts';
import { type CommonOptions, print } from './command.ts';
import { readPassphrase } from './passphrase.ts';
import { fetchTrust, readTrustFile } from './reader.ts';

export interface TrustShowOptions extends CommonOptions {
  readonly url?: string;
}

export interface TrustExportOptions extends CommonOptions {
  readonly expiresIn: string;
  readonly trust?: string;
  readonly key?: string;
  readonly passphraseFile?: string;
  readonly out?: string;
  readonly raiseVersion: boolean;
}

export function describeTrust(trust: Trust): JsonObject {
  return {
    consortium: trust.consortium,
    version: trust.version,
    issuedAt: trust.issuedAt,
    expiresAt: trust.expiresAt,
    sample: trust.sample,
    chainId: trust.chainId,
    registry: encodeHex(trust.registryAddress),
    anchor: encodeHex(trust.anchorAddress),
    authorities: trust.facts.authorities.length,
    logs: trust.facts.logs.map(({ origin }) => origin),
    witnesses: trust.witnesses.map(({ name }) => name),
    witnessQuorum: trust.witnessQuorum,
    trustKeys: trust.trustKeys.map((key) => encodeHex(keyIdOf(key))),
    trustQuorum: trust.trustQuorum,
    required: trust.required,
  };
}

/** Of a file, or of what a verifier hands out. Whether to believe it, `verify` decides. */
export async function showTrust(path: string | undefined, options: TrustShowOptions): Promise<void> {
  if ((path === undefined) === (options.url === undefined)) throw malformed('name a trust file or a verifier (--url)');
  const { trust } = path === undefined ? await fetchTrust(options.url!) : await readTrustFile(path);
  print(options, describeTrust(trust), [
    `${trust.consortium}, version ${trust.version}${trust.sample ? ' (sample)' : ''}`,
    `valid ${formatInstant(trust.issuedAt, options.lang)} – ${formatInstant(trust.expiresAt, options.lang)}`,
    `chain ${trust.chainId}, registry 0x${encodeHex(trust.registryAddress)}, anchor 0x${encodeHex(trust.anchorAddress)}`,
    ...trust.witnesses.map(({ name }) => `witness ${name}`),
    `witness quorum ${trust.witnessQuorum} of ${trust.witnesses.length}, trust quorum ${trust.trustQuorum} of ${trust.trustKeys.length}`,
    ...trust.facts.logs.map(({ origin }) => `log ${origin}`),
  ]);
}

/** The same version, unless told to raise it, with a new issue date and end: for readers who will be without a network. */
export async function exportTrust(options: TrustExportOptions): Promise<void> {
  const seconds = Number(options.expiresIn);
  if (!Number.isSafeInteger(seconds) || seconds < 1) throw malformed('--expires-in is a whole number of seconds');
  const { trust } = await readTrustFile(options.trust ?? join(options.data, 'trust.json'));
  const passphrase = await readPassphrase(options.passphraseFile ?? join(options.data, 'keys', 'passphrase'));
  const signer = await openSigner(options.key ?? join(options.data, 'keys', 'trust.key.json'), passphrase, 'trust');
  if (!trust.trustKeys.some((key) => equalBytes(key, signer.publicKey)))
    throw untrusted('the key is not one of the trust file’s');
  const issuedAt = Date.now();
  const version = trust.version + (options.raiseVersion ? 1 : 0);
  const renewed = { ...trust, version, issuedAt, expiresAt: issuedAt + seconds * 1000 };
  const payload = encodeTrust(renewed);
  const signatures = [{ keyId: keyIdOf(signer.publicKey), signature: await signer.sign(trustSignedBytes(payload)) }];
  const text = canonicalJson(formatSignedTrust({ envelope: { payload, signatures }, trust: renewed }));
  if (options.out === undefined) {
    process.stdout.write(`${text}\n`);
    return;
  }
  await replaceFileDurably(options.out, encodeUtf8(`${text}\n`));
  print(options, { file: options.out, version: renewed.version, expiresAt: renewed.expiresAt }, [options.out]);
}
