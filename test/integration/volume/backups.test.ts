import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ServedRegistry } from "#registry/testing.ts";
import { CANARY_TEXT, makeCanary } from "#store/testing/canary.ts";
import { useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { TestRegistry } from "../../support/registry.ts";

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
  await docker.ok("rm", "-f", "-v", id);
  await docker.ok("volume", "rm", "data", "copy", "twin", "old");
});

const registries = {
  "Dhow's own": async () => {
    const registry = await ServedRegistry.start();
    return { host: registry.host, stop: () => registry[Symbol.asyncDispose]() };
  },
  "Debian's docker-registry": async () => {
    const registry = await TestRegistry.start();
    return { host: registry.host, stop: () => registry.stop() };
  },
};

describe.each(Object.entries(registries))("snapshots in a registry: %s", (_, start) => {
  it("are taken of a volume in use, add what has changed, and bring it back when this host has nothing of it any more", async () => {
    const { host, stop } = await start();
    const repository = ["--repository", `${host}/team/backups`];
    const id = await docker.ok(
      "run",
      "-d",
      "-v",
      "kept:/d",
      BUSYBOX,
      "sh",
      "-c",
      "dd if=/dev/urandom of=/d/big bs=1M count=12 2>/dev/null; chown 5:6 /d; echo one >/d/file; touch /d/ready; sleep 1000",
    );
    await expect.poll(async () => (await docker.run(["exec", id, "ls", "/d/ready"])).code).toBe(0);
    const sum = await docker.ok("exec", id, "sha256sum", "/d/big");
    const first = await dhow.ok("volume", "snapshot", ...repository, "kept");
    await docker.ok("exec", id, "sh", "-c", "echo two >/d/file");
    const second = await dhow.ok("volume", "snapshot", ...repository, "kept");
    const [, ...rows] = (await dhow.ok("volume", "snapshot", ...repository, "--list", "kept"))
      .split("\n")
      .map((line) => line.split(/ {2,}/));
    expect(rows.map(([name]) => name)).toEqual([first.slice(0, 12), second.slice(0, 12)]);
    expect(Number(rows[1]?.[3])).toBeLessThan(Number(rows[0]?.[3]) / 2);
    await docker.ok("rm", "-f", "-v", id);
    await docker.ok("volume", "rm", "kept");
    await dhow.ok("volume", "snapshot", ...repository, "--restore", first, "--to", "back", "kept");
    const script = "cat /d/file; stat -c %u:%g /d; sha256sum /d/big";
    expect(await docker.ok("run", "--rm", "-v", "back:/d", BUSYBOX, "sh", "-c", script)).toBe(`one\n5:6\n${sum}`);
    await docker.ok("volume", "rm", "back");
    await dhow.ok("volume", "snapshot", ...repository, "--remove", first, "kept");
    expect(await dhow.ok("volume", "snapshot", ...repository, "--list", "kept")).not.toContain(first.slice(0, 12));
    await stop();
    const gone = await dhow.run(["volume", "snapshot", ...repository, "--restore", second, "--to", "back", "kept"]);
    expect(gone.stderr).toMatch(/ECONNREFUSED|connection refused/i);
    expect(await docker.ok("volume", "ls", "-q", "--filter", "driver=local")).toBe("");
  });
});

it("CVE-2023-0778: a volume whose folders become links while it is exported gives nothing of the host's away", async () => {
  const host = makeCanary(join(daemon.folder, "host"));
  const untouched = host.look();
  const flip = `mkdir -p /v/kept /v/x; echo mine >/v/x/canary; while :; do mv /v/x /v/kept/x; ln -s ${host.folder} /v/x; rm /v/x; mv /v/kept/x /v/x; done`;
  await docker.ok("run", "-d", "--name", "flipping", "-v", "flipped:/v", "--network", "none", BUSYBOX, "sh", "-c", flip);
  for (let round = 0; round < 5; round++) {
    const archive = join(daemon.folder, `flipped-${round}.tar.zst`);
    const { code } = await dhow.run(["volume", "export", "-o", archive, "flipped"]);
    if (code === 0) expect(zstdDecompressSync(readFileSync(archive)).toString("latin1")).not.toContain(CANARY_TEXT);
  }
  expect(host.look()).toEqual(untouched);
  await docker.ok("rm", "-f", "-v", "flipping");
  await docker.ok("volume", "rm", "flipped");
});
