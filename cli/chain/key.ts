/**
 * `veritrail chain key …`: keys change by an authority key's signature, whoever carries it to the chain, or by decision of the members
 * once the proposal has been public for a while. A new key shows itself that its holder has it; where holder and officer are two
 * people, the holder's proof goes between them as a file (`key prove`), good for the authority's next key act alone:
 *
 *     {"chainId","registry","authority","keyType","publicKey","nonce","possession"}
 */
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { malformed, notFound } from '../../core/bytes/error.ts';
import { canonicalJson } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import { KEY_TYPES, type KeyType } from '../../core/authority/registry-event.ts';
import { findKey } from '../../core/authority/registry.ts';
import { parsePublicKey, parseSignature, SIGNATURE_LENGTH } from '../../core/sm/sm2.ts';
import { words } from '../../core/verify/wording.ts';
import {
  addProvenKeyCall,
  compromiseKeyCall,
  type KeyProof,
  type KeyRegistry,
  type ListedKey,
  type NewKeyTerms,
  proveKey,
  retireKeyCall,
} from '../../chain/key-change.ts';
import { encodeLiftSuspension, encodeSuspendKeyAgain } from '../../chain/registry-call.ts';
import { createFileDurably } from '../../service/durable-file.ts';
import { openSigner, type Signer } from '../../service/signer.ts';
import { EXIT, parseInstant, print, readJsonInput } from '../command.ts';
import { readPassphrase } from '../passphrase.ts';
import { parseBeginning, parseChoice, parseCode, parseId } from './argument.ts';
import { type ChainOptions, Place } from './place.ts';
import { proposeCall, type ProposingOptions, proposeSuspension, sendCall } from './proposal.ts';

/** Who lets a key change: an authority key, or the members. */
export interface OfficerOptions extends ProposingOptions {
  readonly by?: string;
  readonly byPassphraseFile?: string;
  readonly byQuorum: boolean;
}

export interface ProveOptions extends ChainOptions {
  readonly type: string;
  readonly key: string;
  readonly passphraseFile?: string;
  readonly out: string;
}

export interface AddKeyOptions extends OfficerOptions {
  readonly type: string;
  readonly key?: string;
  readonly passphraseFile?: string;
  readonly proof?: string;
  readonly validFrom?: string;
}

export interface CompromiseOptions extends OfficerOptions {
  readonly since: string;
}

const registryOf = ({ rpc, chain }: Place): KeyRegistry => ({ rpc, chainId: chain.chainId, registry: chain.registry });

/** Null: the members decide. */
async function openOfficer({ by, byPassphraseFile, byQuorum }: OfficerOptions): Promise<Signer | null> {
  if ((by === undefined) === !byQuorum)
    throw malformed('name an authority key (--by FILE) or let the members decide (--by-quorum)');
  return by === undefined ? null : openKey(by, byPassphraseFile, 'authority');
}

async function openKey(path: string, passphraseFile: string | undefined, type: KeyType): Promise<Signer> {
  return openSigner(path, await readPassphrase(passphraseFile, path), type);
}

async function carry(place: Place, options: OfficerOptions, data: string): Promise<number> {
  const call = { to: place.contracts.registry, data };
  return options.byQuorum ? proposeCall(place, options, call) : sendCall(place, options, call);
}

// A new key

/** By whoever has the new key. */
export async function proveNewKey(code: string, options: ProveOptions): Promise<number> {
  const authority = parseCode(code);
  const keyType = parseChoice(options.type, KEY_TYPES, '--type');
  const holder = await openKey(options.key, options.passphraseFile, keyType);
  const place = await Place.open(options);
  const { publicKey, nonce, possession } = await proveKey(registryOf(place), { code: authority, keyType }, holder);
  const { chainId, registry } = place.chain;
  const signed = { publicKey: encodeHex(publicKey), nonce, possession: encodeHex(possession) };
  const proof = { chainId, registry, authority, keyType, ...signed };
  await createFileDurably(options.out, encodeUtf8(`${canonicalJson(proof)}\n`));
  const said = words(
    `${options.out}：密钥 ${encodeHex(holder.keyId)} 的持有证明，只对下一次密钥变更（第 ${nonce} 次）有效`,
    `${options.out}: key ${encodeHex(holder.keyId)} shows itself, for the next key act (${nonce}) alone`,
  );
  print(options, { file: options.out, keyId: encodeHex(holder.keyId), nonce }, [said[options.lang]]);
  return EXIT.done;
}

export async function addKey(code: string, options: AddKeyOptions): Promise<number> {
  if ((options.key === undefined) === (options.proof === undefined)) {
    throw malformed('name the new key (--key FILE) or the proof of possession that its holder made (--proof FILE)');
  }
  const keyType = parseChoice(options.type, KEY_TYPES, '--type');
  const terms = { code: parseCode(code), keyType, validFrom: parseBeginning(options.validFrom) };
  const holder = options.key === undefined ? null : await openKey(options.key, options.passphraseFile, keyType);
  const officer = await openOfficer(options);
  const place = await Place.open(options);
  const at = registryOf(place);
  const proof = holder === null ? await readProof(options.proof!, at, terms) : await proveKey(at, terms, holder);
  return carry(place, options, await addProvenKeyCall(at, terms, proof, officer));
}

/** Whether it holds, the registry says. Throws MALFORMED also for a proof made for another registry, authority or use. */
async function readProof(path: string, { chainId, registry }: KeyRegistry, terms: NewKeyTerms): Promise<KeyProof> {
  const fields = new JsonFields(await readJsonInput(path), 'proof');
  const made = [fields.integer('chainId'), fields.string('registry'), fields.string('authority'), fields.string('keyType')];
  const wanted = [chainId, registry, terms.code, terms.keyType];
  const publicKey = parsePublicKey(fields.hex('publicKey', 65));
  const possession = parseSignature(fields.hex('possession', SIGNATURE_LENGTH));
  const nonce = fields.integer('nonce');
  fields.end();
  if (made.some((value, i) => value !== wanted[i]))
    throw malformed(`the proof was made for ${made.join(' ')}, not ${wanted.join(' ')}`);
  return { publicKey, nonce, possession };
}

// A listed key

async function listedKey(place: Place, keyId: string): Promise<ListedKey> {
  const key = findKey((await place.state()).facts, parseId(keyId, 'a key id'));
  if (key === undefined) throw notFound(`no key ${keyId} is listed`);
  return { code: key.authority, keyType: key.type, keyId: key.keyId };
}

export async function retireKey(keyId: string, options: OfficerOptions): Promise<number> {
  const officer = await openOfficer(options);
  const place = await Place.open(options);
  return carry(place, options, await retireKeyCall(registryOf(place), await listedKey(place, keyId), officer));
}

export async function compromiseKey(keyId: string, options: CompromiseOptions): Promise<number> {
  const since = parseInstant(options.since);
  const officer = await openOfficer(options);
  const place = await Place.open(options);
  return carry(place, options, await compromiseKeyCall(registryOf(place), await listedKey(place, keyId), since, officer));
}

/** Takes fewer approvals, once for a key. */
export async function suspendKey(keyId: string, options: ProposingOptions): Promise<number> {
  const id = parseId(keyId, 'a key id');
  return proposeSuspension(await Place.open(options), options, id);
}

export async function suspendKeyAgain(keyId: string, options: ProposingOptions): Promise<number> {
  const data = encodeSuspendKeyAgain(parseId(keyId, 'a key id'));
  const place = await Place.open(options);
  return proposeCall(place, options, { to: place.contracts.registry, data });
}

export async function liftSuspension(keyId: string, options: ProposingOptions): Promise<number> {
  const data = encodeLiftSuspension(parseId(keyId, 'a key id'));
  const place = await Place.open(options);
  return proposeCall(place, options, { to: place.contracts.registry, data });
}
