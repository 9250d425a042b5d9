import { fileURLToPath } from "node:url";
import type { TestDaemon } from "./daemon.ts";
import { DockerCli } from "./docker-cli.ts";

/** Dhow's own command line against a test's daemon. */
export function dhowCli(daemon: TestDaemon): DockerCli {
  return new DockerCli(daemon, fileURLToPath(new URL("../../bin/dhow", import.meta.url)));
}
