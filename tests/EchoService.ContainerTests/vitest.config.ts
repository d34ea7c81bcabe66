import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        // Files only: manifests, workflows, scripts. Needs no container engine.
        test: { name: 'checks', include: ['checks/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        // The status page in Chromium, against a service that is started from the build. Needs no container engine.
        test: { name: 'page', include: ['page/**/*.test.ts'], fileParallelism: false, testTimeout: 120_000, hookTimeout: 60_000 },
      },
      {
        // The image, built from the Dockerfile and run. One file after the other: they measure, and two cores are few.
        test: {
          name: 'containers',
          include: ['containers/**/*.test.ts'],
          globalSetup: ['support/build-image.ts'],
          fileParallelism: false,
          // Its image can't be pulled everywhere; support/build-image.ts removes what a killed run leaves.
          env: { TESTCONTAINERS_RYUK_DISABLED: 'true' },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
