import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { containerPaths } from "#container/record/paths.ts";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

/** Bytes below a folder, without the folder itself. */
function du(folder: string): number {
  const bytesOf = (...flags: string[]): number =>
    Number.parseInt(execFileSync("du", ["-s", "-B1", ...flags, folder], { encoding: "utf8" }), 10);
  return bytesOf() - Number(execFileSync("stat", ["-c", "%b", folder], { encoding: "utf8" })) * 512;
}

interface Usage {
  readonly Containers: readonly { Id: string; SizeRw: number; SizeRootFs: number; SizeLogs: number }[];
  readonly Volumes: readonly { Name: string; UsageData: { Size: number; RefCount: number } }[];
}

it("equals du, logs included, however often it is asked at once", async () => {
  const script =
    "head -c 3000000 /dev/urandom > /file; mkdir /d; echo x > /d/x; ln /file /link; head -c 500000 /dev/zero > /data/zero; seq 1 50000";
  const id = (await docker.ok("run", "-d", "-v", "data:/data", BUSYBOX, "sh", "-c", script)).trim();
  await docker.ok("wait", id);
  const logs = containerPaths(daemon.instance, id).logs;
  const answers = await eventually(async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => daemon.api("GET", "/v1.51/system/df")));
    const [first] = all.map(({ json }) => json as Usage);
    // The upper folder is flushed when its mount goes, a moment after the end.
    expect(first?.Containers[0]?.SizeLogs).toBe(du(logs));
    return all.map(({ json }) => json as Usage);
  });
  for (const { Containers, Volumes } of answers) {
    const [container] = Containers;
    const found = execFileSync("find", [join(daemon.instance.dataRoot, "snapshots"), "-path", "*/upper/link", "-printf", "%h"]).toString();
    expect(container).toMatchObject({ Id: id, SizeRw: du(found) + du(logs), SizeLogs: du(logs) });
    expect(container?.SizeRw).toBeGreaterThan(5_500_000);
    expect(container?.SizeRootFs).toBeGreaterThan((container?.SizeRw ?? 0) + 1_000_000);
    const mountpoint = await docker.ok("volume", "inspect", "-f", "{{.Mountpoint}}", "data");
    expect(Volumes).toMatchObject([{ Name: "data", UsageData: { Size: du(mountpoint.trim()), RefCount: 1 } }]);
  }
  expect(await docker.ok("system", "df")).toMatch(/^Containers +1 +0 +[\d.]+MB +[\d.]+MB \(100%\)$/m);
  expect(await docker.ok("system", "df", "-v")).toContain("data");
});
