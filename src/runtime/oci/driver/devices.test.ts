import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import { readCgroupHost } from "#sys/cgroups/cgroup.ts";
import { FolderWatch } from "#sys/files/folder-watch.ts";
import { openOomWatch } from "#sys/cgroups/oom-watch.ts";
import type { LaunchRequest } from "../../contract.ts";
import { execFolders } from "../../monitor/exec-folders.ts";
import { SuiteBench, timeout } from "../../suite/bench.ts";
import { openSubject } from "./driver.fixture.ts";
import type { DriverContext } from "./context.ts";
import { createContainer } from "./create.ts";
import { findRuntimes, installedRuntimes } from "../runtimes.ts";

const cgroups = readCgroupHost();
const tree = cgroups.trees["devices"];
const hasRunc = "runc" in installedRuntimes();
const TUN = { type: "c", major: 10, minor: 200, access: "rwm" } as const;

describe.skipIf(tree === undefined || !hasRunc)("devices that runc allows by itself", () => {
  const bench = new SuiteBench((fixture) => openSubject(fixture, "runc"));

  beforeAll(() => bench.open());
  afterEach(() => bench.clear());
  afterAll(() => bench.close());

  const listOf = ({ id }: LaunchRequest): string => readFileSync(`${tree}${bench.fixture.cgroupParent}/${id}/devices.list`, "utf8");

  it("are refused before the container starts, and after an update", async () => {
    const made = await bench.request("sleep 60");
    await bench.driver.create(made, timeout());
    expect(listOf(made)).toContain("c 1:3 rwm");
    expect(listOf(made)).not.toContain("c 10:200");
    await bench.driver.start(made.id);
    await bench.driver.update(made.id, { memory: { limit: 64 << 20, swap: 64 << 20 } });
    expect(listOf(made)).not.toContain("c 10:200");
  });

  it("stay with a container whose rules allow them", async () => {
    const made = await bench.request("sleep 60");
    made.spec.linux = {
      ...made.spec.linux,
      namespaces: made.spec.linux?.namespaces ?? [],
      resources: {
        devices: [
          { allow: false, access: "rwm" },
          { allow: true, ...TUN },
        ],
      },
    };
    await bench.driver.create(made, timeout());
    expect(listOf(made)).toContain("c 10:200 rwm");
  });

  it("are no container at all when they cannot be refused, and nothing is left", async () => {
    using context = await contextWithout("devices");
    const made = await bench.request("sleep 60");
    await expect(createContainer(context, made, timeout())).rejects.toMatchObject({
      category: "system",
      message: expect.stringContaining("devices") as string,
      cause: { code: "ENOENT" },
    });
    expect(await bench.residue()).toEqual([]);
  });

  /** A driver that does not find the controller's folder, but cleans it up. */
  async function contextWithout(controller: string): Promise<DriverContext & Disposable> {
    const folders = execFolders(`${bench.fixture.folder}/run`);
    const runtimes = await findRuntimes(installedRuntimes(), "runc", folders.runtimes);
    const exits = new FolderWatch(folders.exits);
    const pids = new FolderWatch(folders.pids);
    const ooms = openOomWatch(cgroups);
    return {
      folders,
      runtimes,
      defaultRuntime: "runc",
      monitorPath: "/usr/bin/conmon",
      cgroups: {
        ...cgroups,
        trees: { ...cgroups.trees, [controller]: "/nowhere", [`name=${controller}`]: cgroups.trees[controller] ?? "" },
      },
      monitorCgroup: `${bench.fixture.cgroupParent}/monitors`,
      exits,
      pids,
      ooms,
      logger: silentLogger,
      closed: new AbortController().signal,
      [Symbol.dispose]() {
        exits[Symbol.dispose]();
        pids[Symbol.dispose]();
        ooms[Symbol.dispose]();
        for (const runtime of runtimes.values()) runtime.close();
      },
    };
  }
});
