/** The registry's facts of a custodian and an accessor, and a verifier that tells them. Keys are fixed; nothing is mocked but the chain. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { applyRegistryEvent, emptyRegistry } from '../../core/authority/fold.ts';
import { formatRegistryFacts } from '../../core/authority/facts-json.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import type { KeyType } from '../../core/authority/registry-event.ts';
import type { RegistryFacts } from '../../core/authority/registry.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { createSigner, type Signer } from '../../service/signer.ts';
import { bytesOf } from '../log/memory-log.ts';
import type { Untold } from '../authority/registry-story.ts';

export const CUSTODIAN = parseUscc('11999900MB0000001K');
export const ACCESSOR = parseUscc('11999900MB0000002N');
export const STRANGER = parseUscc('11999900MB0000003R');
export const PURPOSE = 'service.eligibility';
export const ORIGIN = parseOrigin(`sample/${CUSTODIAN}/access`);
export const LOG_ID = logIdOf(ORIGIN);
export const SEALS_ORIGIN = parseOrigin(`sample/${STRANGER}/seals`);
export const SEALS_LOG_ID = logIdOf(SEALS_ORIGIN);
export const QUANTUM = 1_000;
export const SPAN = 60_000;

export function signerNamed(name: string, type: KeyType): Signer {
  const privateKey = parsePrivateKey(bytesOf(name));
  return createSigner({ type, privateKey, publicKey: publicKeyOf(privateKey) });
}

export const keys = {
  custodian: signerNamed('gateway custodian request', 'request'),
  log: signerNamed('gateway custodian log', 'log'),
  vrf: parsePrivateKey(bytesOf('gateway custodian vrf')),
  accessor: signerNamed('gateway accessor request', 'request'),
  stranger: signerNamed('gateway stranger request', 'request'),
  seals: signerNamed('gateway seals log', 'log'),
  operator: signerNamed('gateway operator', 'request'),
};

const FROM = Date.UTC(2020, 0, 1);

function authority(code: string): Untold {
  const account = bytesOf(code).subarray(0, 20);
  return { kind: 'authority-registered', code, name: `机关 ${code}`, region: '999900', parent: null, account };
}

function key(code: string, { publicKey, type }: Signer): Untold {
  return { kind: 'key-added', code, keyId: keyIdOf(publicKey), keyType: type, publicKey, validFrom: FROM };
}

export function duty(code: string, purpose: string, validTo: number | null = null): Untold {
  return { kind: 'duty-granted', dutyId: bytesOf(`${code} ${purpose}`), code, purpose, validFrom: FROM, validTo, parentId: null };
}

export class SampleRegistry {
  facts: RegistryFacts = emptyRegistry({ number: 0, hash: bytesOf('block 0'), at: FROM });
  polledMsAgo = 0;

  constructor() {
    this.tell(
      authority(CUSTODIAN),
      authority(ACCESSOR),
      authority(STRANGER),
      key(CUSTODIAN, keys.custodian),
      key(CUSTODIAN, keys.log),
      key(ACCESSOR, keys.accessor),
      key(STRANGER, keys.stranger),
      key(STRANGER, keys.seals),
      duty(ACCESSOR, PURPOSE),
      duty(ACCESSOR, 'statistics.official'),
      {
        kind: 'log-registered',
        logId: LOG_ID,
        origin: ORIGIN,
        owner: CUSTODIAN,
        class: 'access',
        quantum: QUANTUM,
        beat: 10_000,
        promiseSpan: SPAN,
        term: null,
      },
      {
        kind: 'log-registered',
        logId: SEALS_LOG_ID,
        origin: SEALS_ORIGIN,
        owner: STRANGER,
        class: 'seals',
        quantum: QUANTUM,
        beat: 10_000,
        promiseSpan: SPAN,
        term: 86_400_000,
      },
    );
  }

  tell(...events: readonly Untold[]): void {
    for (const event of events) {
      const number = this.facts.block.number + 1;
      const block = { number, hash: bytesOf(`block ${number}`), at: FROM + 1_000 * number };
      this.facts = applyRegistryEvent(this.facts, { ...event, block });
    }
  }
}

export interface RunningVerifier {
  readonly url: string;
  readonly registry: SampleRegistry;
  isDown: boolean;
  close(): Promise<void>;
}

/** Tells what the registry says now. */
export async function startVerifier(registry = new SampleRegistry()): Promise<RunningVerifier> {
  const running = { registry, isDown: false };
  const server = createServer((_request, response) => {
    if (running.isDown) return void response.destroy();
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ facts: formatRegistryFacts(registry.facts), polledMsAgo: registry.polledMsAgo }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(running, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
