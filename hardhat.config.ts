/** Compiles the contracts with the compiler from npm and runs their tests in this process: nothing is downloaded. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'hardhat/config';

export default defineConfig({
  solidity: {
    version: '0.8.37',
    path: fileURLToPath(import.meta.resolve('solc/soljson.js')),
    settings: {
      // Consortium engines lag behind: no opcode later than the merge.
      evmVersion: 'paris',
      viaIR: true,
      optimizer: { enabled: true, runs: 1000 },
      // The bytecode then depends on code alone, not on comments or file names.
      metadata: { bytecodeHash: 'none' },
    },
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
