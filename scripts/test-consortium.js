/** `npm run test:consortium`: the whole story on a real BFT chain, built from source; ends with the line `N passed, N failed`. */
import { installPackages, underNode26 } from './bootstrap.js';

await underNode26('scripts/test-consortium.js');
installPackages();
await import('./test-consortium.ts');
