/** `npm run attack [-- LIE …|accesses]`: plays what a lying node can do, each lie on a whole system, and prints who caught it and how. */
import { installPackages, underNode26 } from './bootstrap.js';

await underNode26('scripts/attack.js');
installPackages();
await import('../test/evil/play.ts');
