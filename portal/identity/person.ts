/** Who has signed in: the claim `person` of an ID token, {"class","id"}, in the canonical form of core/access/number.ts. */
import { z } from 'zod';
import type { CanonicalNumber } from '../../core/access/number.ts';
import { normaliseNumber } from '../../core/access/number.ts';
import { untrusted } from '../../core/bytes/error.ts';

const PERSON = z.looseObject({ class: z.number().int(), id: z.string().max(128) });

/** Throws UNTRUSTED: a provider that does not say who it is is of no use here. The value is not repeated. */
export function parsePerson(claim: unknown): CanonicalNumber {
  const parsed = PERSON.safeParse(claim);
  if (!parsed.success) throw untrusted('the identity provider names no person');
  try {
    return normaliseNumber(parsed.data.class, parsed.data.id);
  } catch {
    throw untrusted('the identity provider names a person by a number that is none');
  }
}
