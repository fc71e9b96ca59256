/**
 * An agent as a program: `--config FILE` (config.ts). It ends with 2 when it is called or configured wrongly, with 1 on our own mistake.
 */
import { runFromConfig } from '../start.ts';
import { readAgentConfig } from './config.ts';
import { startAgent } from './program.ts';

await runFromConfig('agent', readAgentConfig, startAgent);
