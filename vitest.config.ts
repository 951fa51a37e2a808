import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'architecture', include: ['test/architecture/**/*.test.ts'] } },
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: [],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'policy',
          include: ['test/policy/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'trino',
          include: ['test/trino/**/*.test.ts'],
          testTimeout: 120_000,
          // The first start downloads Trino.
          hookTimeout: 2_000_000,
          fileParallelism: false,
        },
      },
    ],
    maxWorkers: 2,
  },
})
