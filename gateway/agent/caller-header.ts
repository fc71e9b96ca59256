/**
 * What a local system says of an access, in headers of a plain call. Texts are percent-encoded UTF-8.
 *
 *     Veritrail-Operator: S-0017          staff number; the local system vouches for it, as the config says
 *     Veritrail-Matter: benefit           a matter of the config: purpose, legal basis, cause …
 *     Veritrail-Role, -Terminal, -Case, -Cause, -Break-Glass: texts, optional      Veritrail-Parent: request digest, optional
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isCodedError, malformed } from '../../core/bytes/error.ts';
import { isPlainText } from '../../core/bytes/plain-text.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { PublicKey } from '../../core/sm/sm2.ts';
import type { SaidOfAccess } from './ask.ts';
import type { AccessConfig } from './config.ts';

const NOT_SAID = '未记录';

function textOf(headers: IncomingHttpHeaders, name: string, maxLength: number): string | null {
  const value = headers[name];
  if (value === undefined) return null;
  try {
    const text = typeof value === 'string' ? decodeURIComponent(value) : '';
    if (isPlainText(text, maxLength)) return text;
  } catch {
    // Not percent-encoded UTF-8: refused with the rest.
  }
  throw malformed(`the header ${name} must be percent-encoded text of at most ${maxLength}`);
}

function parentOf(headers: IncomingHttpHeaders): SaidOfAccess['parent'] {
  const value = textOf(headers, 'veritrail-parent', 64);
  try {
    return value === null ? null : hashFromHex(value);
  } catch (error) {
    if (isCodedError(error)) throw malformed('the header veritrail-parent must be a request digest');
    throw error;
  }
}

/** Throws MALFORMED. `publicKey`: of an operator who signs herself. */
export function readSaid(headers: IncomingHttpHeaders, config: AccessConfig, publicKey: PublicKey | null): SaidOfAccess {
  const operator = textOf(headers, 'veritrail-operator', 64);
  if (operator === null) throw malformed('the header veritrail-operator is missing: who reads?');
  const name = textOf(headers, 'veritrail-matter', 32) ?? '';
  if (!Object.hasOwn(config.matters, name)) throw malformed('the header veritrail-matter must name a matter of the config');
  const { matter, legalBasis, cause, purpose, action, method, agreement } = config.matters[name]!;
  return {
    action,
    agreement,
    breakGlass: textOf(headers, 'veritrail-break-glass', 500),
    case: textOf(headers, 'veritrail-case', 128),
    cause: textOf(headers, 'veritrail-cause', 200) ?? cause,
    grade: publicKey === null ? config.grade : 'personal-key',
    legalBasis,
    matter,
    method,
    operator: { id: operator, publicKey, role: textOf(headers, 'veritrail-role', 64) ?? config.role },
    parent: parentOf(headers),
    purpose,
    system: config.system,
    terminal: textOf(headers, 'veritrail-terminal', 128) ?? NOT_SAID,
  };
}
