import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "test/*.test.ts", "scripts/**/*.test.ts"],
          pool: "threads",
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["test/{integration,clients,chaos,cli}/**/*.test.ts"],
          // Takes minutes and the network: npm run test:soak -- mission.
          exclude: process.env["DHOW_SOAK"] === undefined ? ["test/integration/build/mission.test.ts"] : [],
          pool: "forks",
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
    maxWorkers: 2,
    // A machine may be slow: vitest's own second is a guess at how fast it is.
    expect: { poll: { timeout: 45_000 } },
    // CI's machines are shared: what fails there and passes when tried again is the machine. At home every failure counts. Once, since
    // a try shares its daemon with the one before: what fails twice runs again with its whole file (scripts/check.ts).
    retry: process.env["CI"] === undefined ? 0 : 1,
  },
});
