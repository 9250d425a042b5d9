import { existsSync, readdirSync, readFileSync } from "node:fs";
import { silentLogger } from "#lib/logger.ts";
import { ensureCgroupMounts, readCgroupHost } from "#sys/cgroups/cgroup.ts";
import { foldersOf } from "#sys/cgroups/cgroup-paths.ts";
import type { ContainerFixture } from "../../contract.fixture.ts";
import type { DriverUnderTest } from "../../suite/bench.ts";
import type { OciRuntime } from "./driver.ts";
import { createOciRuntime } from "./open.ts";
import { installedRuntimes } from "../runtimes.ts";

async function openDriver(fixture: ContainerFixture, defaultRuntime: string): Promise<OciRuntime> {
  ensureCgroupMounts(readCgroupHost());
  const instance = { execRoot: `${fixture.folder}/run`, cgroupParent: fixture.cgroupParent };
  return createOciRuntime(
    { logger: silentLogger },
    { instance, runtimes: installedRuntimes(), defaultRuntime, monitorPath: "/usr/bin/conmon" },
  );
}

export async function openSubject(fixture: ContainerFixture, runtime: string): Promise<DriverUnderTest> {
  let driver = await openDriver(fixture, runtime);
  return {
    driver,
    async reopen() {
      await driver[Symbol.asyncDispose]();
      driver = await openDriver(fixture, runtime);
      return driver;
    },
    residue: async () => residueOf(fixture),
    async [Symbol.asyncDispose]() {
      await driver[Symbol.asyncDispose]();
      const left = foldersOf(readCgroupHost(), fixture.cgroupParent).filter((folder) => existsSync(folder));
      if (left.length > 0) throw new Error(`cgroups are left: ${left.join(" ")}`);
    },
  };
}

/** Processes that have the fixture's folder in their command line, files below the exec root, cgroups of containers. */
function residueOf(fixture: ContainerFixture): string[] {
  const processes = readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .map(commandLine)
    .filter((line) => line.includes(fixture.folder));
  const files = readdirSync(`${fixture.folder}/run`, { recursive: true, withFileTypes: true })
    // crun keeps compiled seccomp filters in its state folder.
    .filter((entry) => !entry.isDirectory() && !entry.parentPath.includes(".cache"))
    .map((entry) => `${entry.parentPath}/${entry.name}`);
  const groups = foldersOf(readCgroupHost(), fixture.cgroupParent)
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && entry.name !== "monitors")
    .map((entry) => entry.name);
  return [...processes, ...files, ...groups];
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
