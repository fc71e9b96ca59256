/** The test provider as a program: `--data DIR [--port N]`. One JSON line when it answers; it ends by a signal or with its starter. */
import { parseArgs } from 'node:util';
import { runProgram } from '../../service/lifecycle.ts';
import { createLogger } from '../../service/logger.ts';
import { TEST_PERSONS } from './persons.ts';
import { startTestProvider } from './provider.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    port: { type: 'string', default: '0' },
    'ends-with-stdin': { type: 'boolean', default: false },
  },
});
const dataDir = values.data;
if (dataDir === undefined) {
  process.stderr.write('usage: main.ts --data DIR [--port N] [--ends-with-stdin]\n');
  process.exit(2);
}

await runProgram(
  async () => {
    const { issuer, clientId, clientSecretFile, close } = await startTestProvider({ dataDir, port: Number(values.port) });
    const persons = TEST_PERSONS.map(({ name }) => ({ name, role: 'person' }));
    return { ready: { issuer, clientId, clientSecretFile, logins: persons }, close };
  },
  { logger: createLogger({ program: 'test-provider' }), endsWithStdin: values['ends-with-stdin'] },
);
