/** How the pages are built (web/build.ts says from where): small enough for a counter's phone, and within a policy that allows nothing inline. */
import { defineConfig } from 'vite';

/** Browsers of 2020 and 2021; methods that they lack are in web/compat.ts. */
const OLDEST_BROWSERS = ['chrome84', 'firefox90', 'safari15'];

export default defineConfig({
  logLevel: 'warn',
  build: {
    target: OLDEST_BROWSERS,
    cssTarget: OLDEST_BROWSERS,
    outDir: 'dist',
    emptyOutDir: true,
    // A data: URL would need a wider policy.
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
  },
  // A worker that is no module runs on the oldest of them too.
  worker: { format: 'iife' },
});
