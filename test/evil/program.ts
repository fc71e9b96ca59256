/** Ports and programs of the stage. */
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { type JsonObject, parseJson } from '../../core/bytes/json.ts';

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** Runs a program of ours that ends by itself, and reads the line that it prints. */
export async function runOnce(args: readonly string[]): Promise<JsonObject> {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise((done) => child.once('close', done));
  if (code !== 0) throw new Error(`${args[0]} ended with ${String(code)}`);
  return parseJson(Buffer.concat(chunks).toString()) as JsonObject;
}
