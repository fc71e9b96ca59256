/** Compiles the contracts and runs their tests in this process. */
import { defineConfig } from 'hardhat/config';
import { COMPILER, COMPILER_OF } from './scripts/solidity-settings.ts';

export default defineConfig({
  solidity: {
    compilers: [COMPILER],
    overrides: COMPILER_OF,
    // Each contract by itself: else its bytecode would depend on what is compiled beside it.
    isolated: true,
  },
  networks: {
    default: {
      type: 'edr-simulated',
      chainType: 'l1',
      hardfork: 'merge',
      initialBaseFeePerGas: 0,
      gasPrice: 0,
    },
  },
});
