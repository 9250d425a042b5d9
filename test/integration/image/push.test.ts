import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { BUSYBOX, busyboxArchive, busyboxImage } from "../../support/images.ts";
import { TestRegistry } from "../../support/registry.ts";

const daemon = useDaemon();
const docker = new DockerCli(daemon);
let registry: TestRegistry;

beforeAll(async () => {
  registry = await TestRegistry.start();
  await daemon.load(busyboxArchive());
});
afterAll(() => registry.stop());

const idOf = (reference: string): Promise<string> => docker.ok("image", "inspect", "--format", "{{.Id}}", reference);

describe("docker push to somebody else's registry", () => {
  it("of a committed image: it comes back as it was, and the second time nothing is sent", async () => {
    const name = `${registry.host}/team/committed:1`;
    const container = await docker.ok("create", BUSYBOX, "sh", "-c", "true");
    await docker.ok("cp", "/etc/hostname", `${container}:/added`);
    await docker.ok("commit", container, name);
    const id = await idOf(name);

    const said = await docker.ok("push", name);
    expect(said).toContain(`The push refers to repository [${registry.host}/team/committed]`);
    expect(said.match(/[0-9a-f]{12}: Pushed/g)).toHaveLength(2);
    const digest = /^1: digest: (sha256:[0-9a-f]{64}) size: \d+$/m.exec(said)?.[1];
    expect(await docker.ok("image", "inspect", "--format", "{{json .RepoDigests}}", name)).toBe(
      `["${registry.host}/team/committed@${digest}"]`,
    );
    const again = await docker.ok("push", name);
    expect(again.match(/[0-9a-f]{12}: Layer already exists/g)).toHaveLength(2);
    expect(again).toContain(`1: digest: ${digest}`);

    await docker.ok("rm", container);
    await docker.ok("rmi", name);
    expect(await docker.ok("pull", name)).toContain(`Digest: ${digest}`);
    expect(await idOf(name)).toBe(id);
    expect(await docker.ok("run", "--rm", name, "ls", "/added")).toBe("/added");
  });

  it("of a pulled image gives its digest back, its layers mounted; all tags at once", async () => {
    const digest = await registry.push("team/from", "1", busyboxImage());
    await docker.ok("pull", `${registry.host}/team/from:1`);
    for (const tag of ["a", "b"]) await docker.ok("tag", `${registry.host}/team/from:1`, `${registry.host}/other/to:${tag}`);
    const said = await docker.ok("push", "--all-tags", `${registry.host}/other/to`);
    expect(said).toContain("Mounted from team/from");
    for (const tag of ["a", "b"]) expect(said).toContain(`${tag}: digest: ${digest}`);
  });

  it("its layers are gzip that anybody can read", async () => {
    await docker.ok("tag", BUSYBOX, `${registry.host}/plain:1`);
    await docker.ok("push", `${registry.host}/plain:1`);
    const manifest = (await (
      await fetch(`http://${registry.host}/v2/plain/manifests/1`, {
        headers: { accept: "application/vnd.docker.distribution.manifest.v2+json" },
      })
    ).json()) as {
      layers: { digest: string; size: number }[];
    };
    const [layer] = manifest.layers;
    const blob = Buffer.from(await (await fetch(`http://${registry.host}/v2/plain/blobs/${layer?.digest}`)).arrayBuffer());
    expect(blob.length).toBe(layer?.size);
    expect(gunzipSync(blob).equals(busyboxImage().layers[0] as Buffer)).toBe(true);
  });

  it.each([
    ["nothing:1", "An image does not exist locally with the tag: HOST/nothing"],
    ["team/from:9", "tag does not exist: HOST/team/from:9"],
  ])("of %s says what is missing", async (name, message) => {
    const { code, stderr } = await docker.run(["push", `${registry.host}/${name}`]);
    expect([code, stderr.trim()]).toEqual([1, message.replace("HOST", registry.host)]);
  });
});
