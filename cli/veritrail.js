#!/usr/bin/env node
/** The `veritrail` command for any Node from 18 on; the program itself is main.ts, under Node 26. */
import { installPackages, underNode26 } from '../scripts/bootstrap.js';

await underNode26('cli/veritrail.js');
installPackages();
await import('./main.ts');
