import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { packTar, type TarEntry } from "#lib/tar-pack.ts";
import { configOf, dockerArchive } from "../../../scripts/hello/docker-archive.ts";
import { busyboxLayer } from "../../../scripts/hello/rootfs.ts";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { busyboxArchive, busyboxImage, imageArchive } from "../../support/images.ts";

const daemon = useDaemon();
const docker = new DockerCli(daemon);

const file = (name: string, data: Buffer | string): TarEntry => ({ name, type: "file", mode: 0o644, data: Buffer.from(data) });
const digest = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

/** An OCI layout with one image, layers gzipped. */
function ociLayout(reference: string): Buffer {
  const config = configOf(busyboxImage());
  const layer = gzipSync(busyboxLayer());
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: `sha256:${digest(config)}`, size: config.length },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: `sha256:${digest(layer)}`, size: layer.length }],
    }),
  );
  const index = {
    schemaVersion: 2,
    manifests: [
      {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: `sha256:${digest(manifest)}`,
        size: manifest.length,
        annotations: { "io.containerd.image.name": `docker.io/${reference}` },
      },
    ],
  };
  return packTar([
    file("oci-layout", '{"imageLayoutVersion":"1.0.0"}'),
    file("index.json", JSON.stringify(index)),
    ...[config, layer, manifest].map((blob) => file(`blobs/sha256/${digest(blob)}`, blob)),
  ]);
}

describe("docker load", () => {
  it("takes an archive of several images, plain or compressed", async () => {
    const both = dockerArchive([busyboxImage("one/image:1"), busyboxImage("two/image:2")]);
    expect(await docker.run(["load"], { input: "" })).toMatchObject({ code: 1 });
    const answer = await daemon.api("POST", "/images/load", gzipSync(both));
    expect(answer.text).toContain("Loaded image: one/image:1");
    expect(answer.text).toContain("Loaded image: two/image:2");
    const [one, two] = await Promise.all(
      ["one/image:1", "two/image:2"].map((name) => docker.ok("image", "inspect", "--format", "{{.Id}}", name)),
    );
    expect(one).toBe(two);
    await docker.ok("rmi", "one/image:1", "two/image:2");
    expect(await docker.ok("images", "-aq")).toBe("");
  });

  it("takes an OCI layout", async () => {
    expect((await daemon.api("POST", "/images/load", ociLayout("oci/image:1"))).text).toContain("Loaded image: oci/image:1");
    expect(await docker.ok("run", "--rm", "oci/image:1", "echo", "from oci")).toBe("from oci");
    await docker.ok("rmi", "oci/image:1");
  });

  it.each<[string, () => Buffer]>([
    ["nothing", () => Buffer.alloc(0)],
    ["noise", () => Buffer.from("this is no archive at all, whatever its sender says".repeat(40))],
    ["an archive without a manifest", () => packTar([file("a", "b")])],
    ["an archive cut in half", () => busyboxArchive().subarray(0, 900_000)],
    ["a layer that was tampered with", () => tampered()],
    [
      "a configuration that names another layer",
      () => packTar([file("manifest.json", '[{"Config":"../../etc/shadow","RepoTags":["evil:1"],"Layers":["../l"]}]')]),
    ],
    ["a tag that leads out", () => dockerArchive([{ ...busyboxImage(), reference: "../../x:../../y" }])],
  ])("refuses %s, clearly, and keeps nothing", async (_, make) => {
    const answer = await daemon.api("POST", "/images/load", make());
    expect(answer.status >= 400 || answer.text.includes('"error"'), answer.text).toBe(true);
    expect((await daemon.api("GET", "/images/json?all=1")).json).toEqual([]);
    expect(
      execFileSync("sh", ["-c", `find ${daemon.instance.dataRoot} -type f -size +100k -not -name '*.db*' | wc -l`], {
        encoding: "utf8",
      }).trim(),
    ).toBe("0");
  });
});

/** One byte of the layer flipped, its name kept. */
function tampered(): Buffer {
  const archive = busyboxArchive();
  const at = archive.indexOf("root:x:0:0");
  archive.writeUInt8(archive.readUInt8(at) ^ 1, at);
  return archive;
}

describe("docker import", () => {
  it("makes an image of a root file system, with changes", async () => {
    const answer = await daemon.api(
      "POST",
      `/images/create?fromSrc=-&repo=imported&tag=1&message=by+hand&changes=${encodeURIComponent('CMD ["echo","imported"]')}&changes=${encodeURIComponent("ENV PATH=/bin")}`,
      busyboxLayer(),
    );
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining("sha256:")]);
    expect(await docker.ok("run", "--rm", "imported:1")).toBe("imported");
    expect(await docker.ok("history", "--format", "{{.Comment}}", "imported:1")).toBe("by hand");
    await docker.ok("rmi", "imported:1");
  });
});

describe("docker rmi", () => {
  it("untags while another tag is left, refuses while a container uses it, and then frees the disk", async () => {
    const used = (): number => Number(execFileSync("du", ["-sk", daemon.instance.dataRoot], { encoding: "utf8" }).split("\t")[0]);
    const before = used();
    await daemon.load(
      imageArchive("app:1", { Cmd: ["true"] }, [{ name: "big", type: "file", mode: 0o644, data: Buffer.alloc(5 << 20, 1) }]),
    );
    expect(used() - before).toBeGreaterThan(5 << 10);
    await docker.ok("tag", "app:1", "app:2");
    expect(await docker.ok("rmi", "app:2")).toBe("Untagged: app:2");
    const id = await docker.ok("create", "app:1");
    expect((await docker.run(["rmi", "app:1"])).stderr).toContain(`container ${id.slice(0, 12)} is using its referenced image`);
    await docker.ok("rm", id);
    expect(await docker.ok("rmi", "app:1")).toMatch(/Untagged: app:1\nDeleted: sha256:/);
    await eventually(() => expect(used() - before).toBeLessThan(1 << 10));
  });
});
