/**
 * A small data service as any department might have one: it knows nothing of logs, signatures or gateways. Its persons are made up (the
 * division 999999 is not assigned), the same ones each time.
 *
 *     GET  /persons/{idNumber}               one person, or 404
 *     GET  /persons?district&limit           {"count","persons":[…]}
 *     POST /persons/search {"idNumbers":[]}  {"count","persons":[…]}
 *     GET  /export?limit                     NDJSON, a person a line
 *     GET  /photos/{idNumber}                bytes
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { TEST_PERSONS } from './persons.ts';

export interface SamplePerson {
  readonly idNumber: string;
  readonly name: string;
  readonly address: { readonly district: string; readonly street: string };
  readonly phone: string;
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const SURNAMES = ['张', '王', '李', '赵', '陈', '杨', '吴', '周'];
const DISTRICTS = ['东区', '西区', '南区', '北区'];
const COUNT = 2000;

/** Born in 1990, the i-th of those who were. */
export function sampleNumber(i: number): string {
  const day = `${String(1 + (Math.floor(i / 900) % 12)).padStart(2, '0')}01`;
  const digits = `9999991990${day}${String(1 + (i % 900)).padStart(3, '0')}`;
  const sum = WEIGHTS.reduce((total, weight, at) => total + weight * Number(digits[at]), 0);
  return digits + '10X98765432'[sum % 11]!;
}

export function samplePerson(i: number): SamplePerson {
  return {
    idNumber: sampleNumber(i),
    name: `${SURNAMES[i % SURNAMES.length]!}样${i}`,
    address: { district: DISTRICTS[i % DISTRICTS.length]!, street: `示例路${1 + (i % 97)}号` },
    phone: `000-${String(i).padStart(6, '0')}`,
  };
}

/** Those who can sign in, too. */
const SIGNED_IN = TEST_PERSONS.filter(({ class: numberClass }) => numberClass === 1).map(({ id, name }, i): SamplePerson => ({
  ...samplePerson(i),
  idNumber: id,
  name,
}));
const PERSONS = [...Array.from({ length: COUNT }, (_, i) => samplePerson(i)), ...SIGNED_IN];
const BY_NUMBER = new Map(PERSONS.map((person) => [person.idNumber, person]));

function send(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const piece of request.setEncoding('utf8') as AsyncIterable<string>) text += piece;
  return JSON.parse(text);
}

/** No faster than the reader takes it. */
async function exportPersons(response: ServerResponse, limit: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  for (let i = 0; i < limit && !response.destroyed; i++) {
    if (!response.write(`${JSON.stringify(samplePerson(i % COUNT))}\n`))
      await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url!, 'http://data');
  const [, kind, number] = url.pathname.split('/');
  const limit = Number(url.searchParams.get('limit') ?? COUNT);
  if (kind === 'persons' && number === 'search') {
    const { idNumbers } = (await readJson(request)) as { idNumbers: string[] };
    const persons = idNumbers.flatMap((one) => BY_NUMBER.get(one) ?? []);
    return send(response, 200, { count: persons.length, persons });
  }
  if (kind === 'persons' && number !== undefined) {
    const person = BY_NUMBER.get(number);
    return person === undefined ? send(response, 404, { error: `nobody has ${number}` }) : send(response, 200, person);
  }
  if (kind === 'persons') {
    const district = url.searchParams.get('district');
    const persons = PERSONS.filter((person) => district === null || person.address.district === district).slice(0, limit);
    return send(response, 200, { count: persons.length, persons });
  }
  if (kind === 'export') return exportPersons(response, limit);
  if (kind === 'photos' && number !== undefined && BY_NUMBER.has(number)) {
    response.writeHead(200, { 'content-type': 'image/png' });
    return void response.end(Buffer.alloc(10_000, 0x89));
  }
  send(response, 404, { error: 'nothing here' });
}

export interface DataService {
  readonly url: string;
  close(): Promise<void>;
}

export async function startDataService(port = 0): Promise<DataService> {
  const server: Server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
  const service = await startDataService(Number(values.port));
  process.stdout.write(`${JSON.stringify({ ready: true, url: service.url })}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));
  process.stdin.once('close', () => process.exit(0)).resume();
}
