import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { useFolders } from "../../support/folders.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { TestRegistry } from "../../support/registry.ts";

/** The cache of a build on a machine that has none yet: what every CI run begins with. */
const daemon = useDaemon({ images: [busyboxArchive] });
const dhow = dhowCli(daemon);
const folder = useFolders();
let registry: TestRegistry;
beforeAll(async () => (registry = await TestRegistry.start()));
afterAll(() => registry.stop());

const MOUNT = `export-${process.pid}-of-mount`;
const dockerfile = (last: string): string =>
  [
    `FROM ${BUSYBOX} AS made`,
    "WORKDIR /w",
    "COPY in.txt .",
    `RUN --mount=type=cache,id=${MOUNT},target=/c echo line >> /c/lines && wc -l < /c/lines > /w/count && head -c 1500000 /dev/urandom > /w/noise`,
    "RUN true",
    `FROM ${BUSYBOX}`,
    "COPY --link --from=made /w/ /w/",
    last,
  ].join("\n");
const context = (last = "CMD true"): string => folder({ Dockerfile: dockerfile(last), "in.txt": "in" });

/** What it says, and the image's id. */
async function build(
  flags: readonly string[],
  from = context(),
): Promise<{ readonly said: string; readonly cached: number; readonly id: string }> {
  const iid = join(daemon.folder, "iid");
  const { code, stderr } = await dhow.run(["build", "--network", "none", "--iidfile", iid, ...flags, from]);
  expect(code, stderr).toBe(0);
  return { said: stderr, cached: stderr.match(/Using cache/g)?.length ?? 0, id: readFileSync(iid, "utf8") };
}

/** As on another machine. */
async function forget(): Promise<void> {
  for (const name of ["export/one", `${registry.host}/app:1`]) await daemon.api("DELETE", `/images/${encodeURIComponent(name)}`);
  await daemon.api("POST", "/images/prune");
  await daemon.api("POST", "/build/prune?all=1");
  const { json } = await daemon.api("GET", "/system/df?type=build-cache");
  expect(json.BuildCache ?? []).toEqual([]);
}

it("goes into a folder of the client and comes out of it, with the folders of cache mounts", async () => {
  const target = join(folder({ x: "" }), "cache");
  const first = await build(["-t", "export/one", "--cache-to", `type=local,dest=${target},mode=max,mounts=true`]);
  expect(first.said).toContain("Exporting the cache to the client's folder 1\n");
  expect(JSON.parse(readFileSync(join(target, "index.json"), "utf8"))).toMatchObject({
    manifests: [{ digest: expect.stringMatching(/^sha256:/) }],
  });
  await forget();
  const second = await build(["-t", "export/one", "--cache-from", `type=local,src=${target}`]);
  expect({ cached: second.cached, id: second.id }, second.said).toEqual({ cached: 5, id: first.id });
  // The mount was not needed, and is not lost when the cache is exported again.
  const again = join(folder({ x: "" }), "again");
  await build(["--cache-from", `type=local,src=${target}`, "--cache-to", `type=local,dest=${again},mode=max,mounts=true`]);
  await forget();
  const show = `RUN --mount=type=cache,id=${MOUNT},target=/c sed s/^/kept-/ /c/lines`;
  const third = await build(["--cache-from", `type=local,src=${again}`], context(show));
  expect(third.said).toContain("\nkept-line\n");
});

it("goes into a repository and comes out of it", async () => {
  await forget();
  const reference = `${registry.host}/cache:build`;
  const { id } = await build(["-t", "export/one", "--cache-to", `type=registry,ref=${reference},mode=max,mounts=true`]);
  await forget();
  const second = await build(["-t", "export/one", "--cache-from", `type=registry,ref=${reference}`]);
  expect({ cached: second.cached, id: second.id }, second.said).toEqual({ cached: 5, id });
  const { layers, config } = (await (
    await fetch(`http://${registry.host}/v2/cache/manifests/build`, { headers: { accept: "application/vnd.oci.image.manifest.v1+json" } })
  ).json()) as {
    layers: { mediaType: string }[];
    config: { mediaType: string };
  };
  expect(config.mediaType).toBe("application/vnd.buildkit.cacheconfig.v0");
  expect(new Set(layers.map(({ mediaType }) => mediaType))).toEqual(
    new Set(["application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.layer.v1.tar+zstd"]),
  );
});

it("comes out of an image in a registry that was built to say what its layers are known by, and is not pulled", async () => {
  await forget();
  const image = `${registry.host}/app:1`;
  const lines = folder({ Dockerfile: `FROM ${BUSYBOX}\nWORKDIR /app\nCOPY in.txt .\nRUN echo built > built\n`, "in.txt": "in" });
  const { id } = await build(["-t", image, "--cache-to", "type=inline"], lines);
  await dhow.ok("push", image);
  await forget();
  const second = await build(["--cache-to", "type=inline", "--cache-from", `type=registry,ref=${image}`], lines);
  expect({ cached: second.cached, id: second.id }, second.said).toEqual({ cached: 3, id });
});

it("is never needed, but said to be missing; that it cannot be put somewhere is an error, or not", async () => {
  const none = await build(["--cache-from", `type=registry,ref=${registry.host}/none:1`, "--cache-from", "type=local,src=/no/such/folder"]);
  expect(none.said).toContain(`No cache is at ${registry.host}/none:1 yet\n`);
  expect(none.said).toContain("No cache is at the client's folder 1 yet\n");
  const file = join(folder({ file: "" }), "file");
  const failed = await dhow.run(["build", "-q", "--cache-to", `type=local,dest=${file}`, context()]);
  expect({ code: failed.code, said: failed.stderr }).toEqual({ code: 1, said: expect.stringContaining("ENOTDIR") });
  const ignored = await build(["--cache-to", `type=local,dest=${file},ignore-error=true`]);
  expect(ignored.said).toContain("The cache could not be exported: ");
});

it("takes no layer that is another than its cache says, and makes it", async () => {
  await forget();
  const target = join(folder({ x: "" }), "cache");
  const lines = folder({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo honest > /said\nRUN cat /said\n` });
  await build(["--cache-to", `type=local,dest=${target},mode=max`], lines);
  const { manifests } = JSON.parse(readFileSync(join(target, "index.json"), "utf8")) as { manifests: { digest: string }[] };
  const blob = (digest: string): string => join(target, "blobs", digest.replace(":", "/"));
  const { layers } = JSON.parse(readFileSync(blob(manifests[0]?.digest ?? ""), "utf8")) as { layers: { digest: string }[] };
  const layer = blob(layers[0]?.digest ?? "");
  expect(existsSync(layer)).toBe(true);
  writeFileSync(layer, Buffer.from(readFileSync(layer).toString("latin1").replace("honest", "FORGED"), "latin1"));
  await forget();
  const { said } = await build(["--cache-from", `type=local,src=${target}`], lines);
  expect(said).toContain("Step 2/3 : RUN echo honest > /said\n ---> Running in");
  expect(said).not.toContain("FORGED");
});
