/** What the chain says, as this verifier read it last: registry facts with their age, the state of affairs, and the trust file. */
import type { Request, Response } from 'express';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { notFound, unavailable } from '../../core/bytes/error.ts';
import { formatBlockPoint, formatRegistryFacts } from '../../core/authority/facts-json.ts';
import { findAuthority, type LogFact, ownerAt, type RegistryFacts } from '../../core/authority/registry.ts';
import { sendJson } from '../../service/http.ts';
import type { ChainFollower } from '../follow/chain-follower.ts';
import type { LogFollower } from '../follow/log-follower.ts';
import type { TrustFile } from '../trust-file.ts';
import { describeLogs } from './log-routes.ts';
import { type DescribedRoute, jsonOf, readQuery } from './route.ts';
import type { SealTally } from './seal-routes.ts';
import { AUTHORITIES, STATUS, TRUST } from './shape.ts';

export interface RegistrySources {
  readonly chain: ChainFollower;
  readonly logs: ReadonlyMap<string, LogFollower>;
  readonly trustFile: TrustFile | null;
  readonly seals: SealTally;
}

const AT_QUERY = { at: 'optional' } as const;

function factsOf({ chain }: RegistrySources): RegistryFacts {
  if (chain.facts === null) throw unavailable('the chain was not read yet');
  return chain.facts;
}

/** What concerns one authority, and of that what held at an instant, when one is given. */
function factsAbout(facts: RegistryFacts, code: string, at: number | null): RegistryFacts {
  const isKnown = ({ registeredAt }: { registeredAt: number }): boolean => at === null || registeredAt <= at;
  const isInForce = (from: number, to: number | null): boolean => at === null || (from <= at && (to === null || at < to));
  const isIts = (log: LogFact): boolean => (at === null ? log.authority : ownerAt(log, at)) === code;
  const logs = facts.logs.filter((log) => isIts(log) && isKnown(log) && isInForce(log.registeredAt, log.closedAt));
  const logIds = new Set(logs.map(({ logId }) => encodeHex(logId)));
  return {
    block: facts.block,
    authorities: facts.authorities.filter((one) => one.code === code && isKnown(one)),
    keys: facts.keys.filter((key) => key.authority === code && isKnown(key) && isInForce(key.validFrom, key.validTo)),
    scopes: facts.scopes.filter((one) => one.authority === code && isKnown(one) && isInForce(one.validFrom, one.validTo)),
    duties: facts.duties.filter((one) => one.authority === code && isKnown(one) && isInForce(one.validFrom, one.validTo)),
    logs,
    modes: facts.modes.filter((mode) => logIds.has(encodeHex(mode.logId)) && isKnown(mode)),
    coverages: facts.coverages.filter((one) => one.authority === code && isKnown(one)),
    successions: facts.successions.filter((one) => [one.authority, one.successor].includes(code) && isKnown(one)),
    disputes: facts.disputes.filter((one) => logIds.has(encodeHex(one.logId)) && isKnown(one)),
  };
}

function answerAuthority(sources: RegistrySources, request: Request, response: Response): void {
  const code = request.params['code'] as string;
  const { at = null } = readQuery(request, AT_QUERY) as { at?: number };
  const facts = factsOf(sources);
  if (findAuthority(facts, code) === undefined) throw notFound('the registry lists no such authority');
  sendJson(response, { facts: formatRegistryFacts(factsAbout(facts, code, at)), polledMsAgo: sources.chain.polledMsAgo });
}

function answerStatus(sources: RegistrySources, response: Response): void {
  const { chain, trustFile, seals } = sources;
  const { facts, identity, polledMsAgo } = chain;
  const trust = trustFile?.trust ?? null;
  sendJson(response, {
    chain: { chainId: identity.chainId, head: facts && formatBlockPoint(facts.block), polledMsAgo },
    logs: describeLogs(sources),
    trust: trust && { version: trust.version, expiresAt: trust.expiresAt, sample: trust.sample },
    seals: seals.total,
  });
}

function answerTrust({ trustFile }: RegistrySources, response: Response): void {
  const signed = trustFile?.signed ?? null;
  if (signed === null) throw notFound('this verifier has no trust file');
  sendJson(response, signed);
}

export function registryRoutes(sources: RegistrySources): DescribedRoute[] {
  return [
    {
      method: 'GET',
      path: '/v1/authorities',
      handle: (_request, response) => {
        const facts = formatRegistryFacts(factsOf(sources));
        sendJson(response, { facts, polledMsAgo: sources.chain.polledMsAgo });
      },
      description: { summary: 'All registry facts, and when the chain was last read', answer: jsonOf(AUTHORITIES) },
    },
    {
      method: 'GET',
      path: '/v1/authorities/:code',
      handle: (request, response) => answerAuthority(sources, request, response),
      description: {
        summary: 'The registry facts about one authority, at an instant when one is given',
        query: AT_QUERY,
        answer: jsonOf(AUTHORITIES),
      },
    },
    {
      method: 'GET',
      path: '/v1/status',
      handle: (_request, response) => answerStatus(sources, response),
      description: { summary: 'Chain, logs and trust file at a glance', answer: jsonOf(STATUS) },
    },
    {
      method: 'GET',
      path: '/trust.json',
      handle: (_request, response) => answerTrust(sources, response),
      description: { summary: 'The trust file that this verifier judges by, with its signatures', answer: jsonOf(TRUST) },
    },
  ];
}
