/**
 * JSON lines on stderr. What may be said is an allow-list of field names: a field that is not on it is replaced by a mark, so
 * that a request body, a query, an authorization header or a file digest needs somebody's decision to reach a log.
 */
import { pino } from 'pino';
import type { DestinationStream, Level, Logger as PinoLogger } from 'pino';
import { CodedError } from '../core/bytes/error.ts';

type Method = 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'isLevelEnabled';

/** Of pino's logger what keeps to the allow-list: a child's own bindings would pass it by, so they are one name. */
export interface Logger extends Pick<PinoLogger, Method> {
  child(bindings: { readonly component: string }): Logger;
}

/** Fields every program uses. The message itself is for constant words. */
const SHARED_FIELDS = [
  'traceId',
  'method',
  'route',
  'status',
  'ms',
  'code',
  'error',
  'check',
  'reason',
  'signal',
  'port',
  'count',
] as const;

export interface LoggerOptions {
  readonly program: string;
  readonly level?: Level;
  /** Names beyond the shared ones: values that are public, like the origin of a log. */
  readonly fields?: readonly string[];
  /** Stderr unless given. */
  readonly destination?: DestinationStream;
}

const NOT_LISTED = '[not listed]';
const MAX_CAUSES = 3;

/** Facts are public by their own rule (core/bytes/error.ts). Our own mistakes bring their stack. */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return NOT_LISTED;
  const cause = error.cause === undefined || depth === MAX_CAUSES ? {} : { cause: describeError(error.cause, depth + 1) };
  if (error instanceof CodedError) return { code: error.code, message: error.message, facts: error.facts, ...cause };
  return { name: error.name, message: error.message, stack: error.stack, ...cause };
}

function isPlain(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value);
}

export function createLogger({ program, level = 'info', fields = [], destination }: LoggerOptions): Logger {
  const allowed = new Set<string>([...SHARED_FIELDS, ...fields]);
  const filter = (given: Record<string, unknown>): Record<string, unknown> => {
    const said: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(given)) {
      said[name] = allowed.has(name) && (name === 'error' || isPlain(value)) ? value : NOT_LISTED;
    }
    return said;
  };
  const options = {
    level,
    base: { program, pid: process.pid },
    errorKey: 'error',
    serializers: { error: (error: unknown) => describeError(error) },
    formatters: { level: (label: string) => ({ level: label }), log: filter },
  };
  // Synchronous: what a program said before it died is on stderr.
  return pino(options, destination ?? pino.destination({ fd: 2, sync: true }));
}
