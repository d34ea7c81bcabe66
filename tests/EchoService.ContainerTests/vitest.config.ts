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
          env: {
            // Its image can't be pulled everywhere; support/build-image.ts removes what a killed run leaves.
            TESTCONTAINERS_RYUK_DISABLED: 'true',
            // Where a /.dockerenv lies about, Testcontainers asks at the bridge's gateway, and an engine that publishes on
            // loopback alone (eng/ensure-docker.sh) does not answer there.
            ...(process.env.DOCKER_HOST ? {} : { TESTCONTAINERS_HOST_OVERRIDE: process.env.TESTCONTAINERS_HOST_OVERRIDE ?? '127.0.0.1' }),
          },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
