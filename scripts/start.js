/** `npm start`: installs what is missing and brings up the embedded default. All options are those of `veritrail up`. */
import { installPackages, underNode26 } from './bootstrap.js';

await underNode26('scripts/start.js');
installPackages();
process.argv.splice(2, 0, 'up');
await import('../cli/main.ts');
