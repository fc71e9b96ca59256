/** A real edge on a port of the system's choice, closed after the test, with its log lines kept; and raw bytes for it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import type { EdgeOptions } from '../../service/http.ts';
import { createEdge } from '../../service/http.ts';
import { createLogger } from '../../service/logger.ts';
import type { Metrics } from '../../service/metrics.ts';
import { createMetrics } from '../../service/metrics.ts';

export interface RunningEdge {
  readonly url: string;
  readonly port: number;
  readonly lines: string[];
  readonly metrics: Metrics;
  close(): Promise<void>;
}

export async function startEdge(t: TestContext, options: Omit<EdgeOptions, 'logger' | 'metrics'>): Promise<RunningEdge> {
  const lines: string[] = [];
  const logger = createLogger({ program: 'test', level: 'debug', destination: { write: (line) => void lines.push(line) } });
  const metrics = createMetrics('test');
  const edge = createEdge({ logger, metrics, ...options });
  const url = await edge.listen(0);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= edge.close());
  t.after(close);
  return { url, port: Number(new URL(url).port), lines, metrics, close };
}

/** Sends the text as it is and returns what came back until the server closed the connection. */
export async function exchangeRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').on('data', (part: string) => (answer += part));
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  return answer;
}
