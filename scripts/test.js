/** `npm test`: installs what is missing and runs every check and test; ends with the line `N passed, N failed`. */
import { installPackages, underNode26 } from './bootstrap.js';

await underNode26('scripts/test.js');
installPackages();
await import('./run-tests.ts');
