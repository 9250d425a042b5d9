import { runtimeDriverSuite } from "../../contract.suite.ts";
import { openSubject } from "./driver.fixture.ts";
import { installedRuntimes } from "../runtimes.ts";

for (const runtime of Object.keys(installedRuntimes())) runtimeDriverSuite(runtime, (fixture) => openSubject(fixture, runtime));
