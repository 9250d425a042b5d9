import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);
const dhow = dhowCli(daemon);

it("dhow volume export, import, clone and snapshot, of a volume in use", async () => {
  const id = await docker.ok(
    "run",
    "-d",
    "-v",
    "data:/d",
    BUSYBOX,
    "sh",
    "-c",
    "chown 5:6 /d; echo first >/d/file; touch /d/ready; sleep 1000",
  );
  await expect.poll(async () => (await docker.run(["exec", id, "ls", "/d/ready"])).code).toBe(0);
  const archive = join(daemon.folder, "data.tar.zst");
  await dhow.ok("volume", "export", "-o", archive, "data");
  expect(readFileSync(archive).subarray(0, 4).toString("hex")).toBe("28b52ffd");
  expect(await dhow.ok("volume", "import", "-i", archive, "copy")).toBe("copy");
  expect(await dhow.ok("volume", "clone", "data", "twin")).toBe("twin");
  const snapshot = await dhow.ok("volume", "snapshot", "data");
  expect(await docker.ok("inspect", "--format", "{{.State.Status}}", id)).toBe("running");
  await docker.ok("exec", id, "sh", "-c", "echo second >/d/file");
  expect(await dhow.ok("volume", "snapshot", "--list", "data")).toContain(snapshot.slice(0, 12));
  expect(await dhow.ok("volume", "snapshot", "--restore", snapshot.slice(0, 12), "--to", "old", "data")).toBe("old");
  for (const volume of ["copy", "twin", "old"]) {
    expect(await docker.ok("run", "--rm", "-v", `${volume}:/d`, BUSYBOX, "sh", "-c", "cat /d/file; stat -c %u:%g /d")).toBe("first\n5:6");
  }
  writeFileSync(archive, readFileSync(archive).subarray(0, 60));
  const cut = await dhow.run(["volume", "import", "-i", archive, "half"]);
  expect(cut.code).toBe(1);
  expect(await docker.ok("volume", "ls", "-q", "--filter", "name=half")).toBe("");
  await dhow.ok("volume", "snapshot", "--remove", snapshot, "data");
  await docker.ok("rm", "-f", id);
  await docker.ok("volume", "rm", "data", "copy", "twin", "old");
});
