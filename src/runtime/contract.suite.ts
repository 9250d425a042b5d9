import { afterAll, afterEach, beforeAll, describe } from "vitest";
import type { ContainerFixture } from "./contract.fixture.ts";
import { type DriverUnderTest, SuiteBench } from "./suite/bench.ts";
import { controlSuite } from "./suite/control.suite.ts";
import { execSuite } from "./suite/exec.suite.ts";
import { lifecycleSuite } from "./suite/lifecycle.suite.ts";
import { recoverySuite } from "./suite/recovery.suite.ts";
import { streamsSuite } from "./suite/streams.suite.ts";

/** What every RuntimeDriver does, with real containers. After each test nothing is left of them. */
export function runtimeDriverSuite(name: string, open: (fixture: ContainerFixture) => Promise<DriverUnderTest>): void {
  describe(`the runtime driver with ${name}`, { timeout: 30_000 }, () => {
    const bench = new SuiteBench(open);

    beforeAll(() => bench.open());

    afterEach(() => bench.clear());

    afterAll(() => bench.close());

    lifecycleSuite(bench);
    streamsSuite(bench);
    controlSuite(bench);
    execSuite(bench);
    recoverySuite(bench);
  });
}
