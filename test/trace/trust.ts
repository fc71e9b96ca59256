/** Whom an auditor on her machine believes: the facts of a test, one witness, one trust key, a chain that nobody asks. */
import { keyIdOf } from '../../core/authority/key-id.ts';
import type { RegistryFacts } from '../../core/authority/registry.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseOrigin } from '../../core/log/origin.ts';
import { signerOf } from '../../core/log/signer.ts';
import { encodeTrust, formatSignedTrust, type Trust, trustSignedBytes } from '../../core/verify/trust.ts';
import { bytesOf, keyOf } from '../access/sample.ts';

const WITNESS_CODE = '11999900MB0000004W';
export const WITNESS = parseOrigin(`sample/${WITNESS_CODE}/witness`);
export const witnessSigner = signerOf(keyOf('witness key'));
const trustSigner = signerOf(keyOf('trust key'));

/** As a verifier hands it out. */
export function deskTrust(facts: RegistryFacts): JsonObject {
  const trust: Trust = {
    consortium: 'sample',
    version: 1,
    issuedAt: 0,
    expiresAt: Date.now() + 86_400_000,
    sample: true,
    chainId: 20777,
    genesisHash: bytesOf('genesis'),
    registryAddress: bytesOf('registry').subarray(0, 20),
    anchorAddress: bytesOf('anchor').subarray(0, 20),
    facts: { ...facts, block: { ...facts.block, at: Date.now() } },
    witnesses: [{ authority: WITNESS_CODE, name: WITNESS, publicKey: witnessSigner.publicKey }],
    witnessQuorum: 1,
    trustKeys: [trustSigner.publicKey],
    trustQuorum: 1,
    floors: [],
    required: ['content'],
    requiredByType: {},
    maxHeadAge: 600_000,
    maxStatusAge: 86_400_000,
  };
  const payload = encodeTrust(trust);
  const signature = { keyId: keyIdOf(trustSigner.publicKey), signature: trustSigner.sign(trustSignedBytes(payload)) };
  return formatSignedTrust({ trust, envelope: { payload, signatures: [signature] } });
}
