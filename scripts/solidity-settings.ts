/**
 * How each contract is compiled: for the bindings that are deployed, and for every test. Whoever compiles takes the settings from
 * here, so that what is tested is what runs.
 */
import { fileURLToPath } from 'node:url';

interface Settings {
  readonly evmVersion: string;
  readonly viaIR: boolean;
  readonly optimizer: { readonly enabled: true; readonly runs: number; readonly details?: object };
  readonly metadata: { readonly bytecodeHash: 'none' };
}

interface Compiler {
  readonly version: string;
  readonly path: string;
  readonly settings: Settings;
}

function compilerWith(viaIR: boolean, optimizer: Omit<Settings['optimizer'], 'enabled'>): Compiler {
  return {
    version: '0.8.37',
    // The compiler from npm: nothing is downloaded.
    path: fileURLToPath(import.meta.resolve('solc/soljson.js')),
    settings: {
      // Consortium engines lag behind: no opcode later than the merge.
      evmVersion: 'paris',
      viaIR,
      optimizer: { enabled: true, ...optimizer },
      // The bytecode then depends on code alone, not on comments or file names.
      metadata: { bytecodeHash: 'none' },
    },
  };
}

/** So many that a long constant is pushed, never computed: arithmetic that uses one 37 times a round is most of the code. */
const PUSH_CONSTANTS = 1_000_000;

export const COMPILER = compilerWith(true, { runs: 1000 });

/** By source file. */
export const COMPILER_OF: Readonly<Record<string, Compiler>> = {
  // 64 rounds written out: any other step of the optimizer would take minutes and gigabytes, and find nothing.
  'contracts/SM3.sol': compilerWith(true, {
    runs: PUSH_CONSTANTS,
    details: { yul: true, yulDetails: { stackAllocation: true, optimizerSteps: 'u:' } },
  }),
  // The older code generator puts the modulus on the stack before what is reduced by it: 6 % less gas.
  'contracts/SM2.sol': compilerWith(false, { runs: PUSH_CONSTANTS }),
};
