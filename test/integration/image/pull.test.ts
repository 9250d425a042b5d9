import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { busyboxLayer } from "../../../scripts/hello/rootfs.ts";
import type { SmallImage } from "../../../scripts/hello/docker-archive.ts";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { busyboxImage } from "../../support/images.ts";
import { TestRegistry } from "../../support/registry.ts";

const daemon = useDaemon();
const docker = new DockerCli(daemon);
let registry: TestRegistry;
let digest: string;

const layered: SmallImage = {
  reference: "layered",
  layers: [
    busyboxLayer(),
    packTar([{ name: "added", type: "file", mode: 0o644, data: Buffer.from("yes\n") }]),
    packTar([
      { name: ".wh.added", type: "file", mode: 0o644 },
      { name: "kept", type: "file", mode: 0o4755, uid: 5, gid: 6, mtime: 1_000_000_000, data: Buffer.from("kept\n") },
    ]),
  ],
  config: { Cmd: ["ls", "/"], Env: ["PATH=/bin"] },
};

beforeAll(async () => {
  registry = await TestRegistry.start();
  digest = await registry.push("team/app", "1.0", busyboxImage());
  await registry.push("team/layered", "latest", layered);
});
afterAll(() => registry.stop());

describe("docker pull from somebody else's registry", () => {
  it("by tag: progress per layer, digest and status, and the image runs", async () => {
    const said = await docker.ok("pull", `${registry.host}/team/app:1.0`);
    expect(said).toContain("1.0: Pulling from team/app");
    expect(said).toMatch(/[0-9a-f]{12}: Pull complete/);
    expect(said).toContain(`Digest: ${digest}`);
    expect(said).toContain(`Status: Downloaded newer image for ${registry.host}/team/app:1.0`);
    expect(await docker.ok("run", "--rm", `${registry.host}/team/app:1.0`, "echo", "runs")).toBe("runs");
  });

  it("again: up to date", async () => {
    expect(await docker.ok("pull", `${registry.host}/team/app:1.0`)).toContain(
      `Status: Image is up to date for ${registry.host}/team/app:1.0`,
    );
  });

  it("by digest", async () => {
    await docker.ok("rmi", "-f", `${registry.host}/team/app:1.0`);
    expect(await docker.ok("pull", `${registry.host}/team/app@${digest}`)).toContain(`Digest: ${digest}`);
    expect(
      await docker.ok("image", "inspect", "--format", "{{json .RepoDigests}} {{json .RepoTags}}", `${registry.host}/team/app@${digest}`),
    ).toBe(`["${registry.host}/team/app@${digest}"] []`);
  });

  it("of several layers: whiteouts, owners, modes and times as they were; layers that are here are not fetched again", async () => {
    const said = await docker.ok("pull", `${registry.host}/team/layered`);
    expect(said).toMatch(/[0-9a-f]{12}: Already exists/);
    const seen = await docker.ok("run", "--rm", `${registry.host}/team/layered`, "sh", "-c", "ls /added 2>&1; stat -c '%a %u %g %Y' /kept");
    expect(seen).toBe("ls: /added: No such file or directory\n4755 5 6 1000000000");
  });

  it.each([
    ["team/app:missing", /manifest for .*team\/app:missing not found/],
    ["team/nothing:1", /not found|does not exist/],
  ])("of %s says what is missing", async (reference, text) => {
    const { code, stderr } = await docker.run(["pull", `${registry.host}/${reference}`]);
    expect(code).toBe(1);
    expect(stderr).toMatch(text);
  });

  it("of a name that is none is refused before anything is asked", async () => {
    const answer = await daemon.api("POST", "/images/create?fromImage=UPPER/Case&tag=1");
    expect([answer.status, answer.json.message]).toEqual([400, expect.stringContaining("invalid reference format")]);
  });

  it("run pulls a missing image by itself", async () => {
    await docker.ok("rmi", "-f", `${registry.host}/team/layered`);
    const { stdout, stderr } = await docker.run(["run", "--rm", `${registry.host}/team/layered`, "cat", "/kept"]);
    expect(stdout).toBe("kept\n");
    expect(stderr).toContain("Unable to find image");
  });
});
