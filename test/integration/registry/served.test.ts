/** A daemon as a registry for others, and the registry as a container of a daemon. */
import { expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { REGISTRY_REFERENCE, registryArchive } from "../../../scripts/registry-image/image.ts";
import { launched } from "../../support/build.ts";

const laptop = useDaemon({ flags: ["--registry-addr", "127.0.0.1:0"], images: [busyboxArchive] });
const cluster = useDaemon();
const [here, there] = [new DockerCli(laptop), new DockerCli(cluster)];

const served = (): string => /images are served on tcp:\/\/(\S+)/.exec(laptop.log)?.[1] ?? "";

it("what was built on one engine is pulled by another, without a push", { timeout: 180_000 }, async () => {
  await here.ok("run", "--name", "made-here", BUSYBOX, "sh", "-c", "echo made >/made");
  await here.ok("commit", "made-here", "acme/made:v1");
  await here.ok("rm", "made-here");
  const name = `${served()}/acme/made:v1`;
  expect(await there.ok("run", "--rm", name, "cat", "/made")).toBe("made");
  expect(await there.ok("image", "inspect", "--format", "{{.Id}}", name)).toBe(
    await here.ok("image", "inspect", "--format", "{{.Id}}", "acme/made:v1"),
  );
  const refused = await there.run(["push", name]);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("this registry takes nothing in")]);
  await Promise.all([there.ok("rmi", name), here.ok("rmi", "acme/made:v1")]);
});

it.skipIf(launched.DHOW_SOURCE === "1")(
  "its image runs without rights, keeps its data in a volume, and is pushed to and pulled from",
  { timeout: 240_000 },
  async () => {
    await laptop.load(registryArchive());
    const dhow = dhowCli(laptop);
    const run = ["run", "-d", "--name", "registry", "-p", "127.0.0.1:0:5000", "-v", "registry-data:/var/lib/registry"];
    await dhow.ok(...run, "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", REGISTRY_REFERENCE);
    const port = await here.ok("port", "registry", "5000/tcp");
    const name = `${port.trim()}/acme/app:v1`;
    await eventually(async () => expect((await fetch(`http://${port.trim()}/v2/`)).status).toBe(200));
    await here.ok("tag", BUSYBOX, name);
    await here.ok("push", "-q", name);
    expect(await there.ok("run", "--rm", name, "echo", "pulled")).toBe("pulled");
    expect(await here.ok("exec", "registry", "/usr/bin/node", "-p", "process.getuid()")).toBe("65532");
    expect((await here.run(["exec", "registry", "/usr/bin/node", "/opt/dhow/healthy.mjs"])).code).toBe(0);

    // Another container over the same volume has what was pushed to the first.
    await here.ok("rm", "-f", "registry");
    await here.ok(
      "run",
      "-d",
      "--name",
      "registry",
      "-p",
      `${port.trim()}:5000`,
      "-v",
      "registry-data:/var/lib/registry",
      REGISTRY_REFERENCE,
    );
    await eventually(async () => expect((await fetch(`http://${port.trim()}/v2/acme/app/manifests/v1`)).status).toBe(200));
    await here.ok("rm", "-f", "registry");
    await here.ok("volume", "rm", "registry-data");
    await Promise.all([here.ok("rmi", name, REGISTRY_REFERENCE), there.ok("rmi", name)]);
  },
);
