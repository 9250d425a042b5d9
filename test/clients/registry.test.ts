/**
 * Unmodified clients with Dhow's own registry: docker's command line by each way to show who one is, and skopeo. With Debian's registry docker's
 * is in test/cli/registries.test.ts and test/integration/image/push.test.ts.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuthOptions } from "#registry/open-registry.ts";
import { ServedRegistry } from "#registry/testing.ts";
import { useDaemon } from "../support/daemon.ts";
import { DockerCli, runProgram } from "../support/docker-cli.ts";
import { BUSYBOX, busyboxArchive, busyboxImage } from "../support/images.ts";
import { TestRegistry } from "../support/registry.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dhow-registry-users-"));
  writeFileSync(join(folder, "htpasswd"), `ann:${hashSync("secret", 4)}\nbob:${hashSync("secret", 4)}\n`);
  const rules = [
    { repositories: ["team/**"], users: ["ann"], actions: ["pull", "push", "delete"] },
    { repositories: ["team/**"], users: ["bob"], actions: ["pull"] },
  ];
  writeFileSync(join(folder, "policy"), JSON.stringify({ rules }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const kinds: Readonly<Record<AuthOptions["kind"], () => AuthOptions>> = {
  none: () => ({ kind: "none" }),
  htpasswd: () => ({ kind: "htpasswd", htpasswd: join(folder, "htpasswd"), realm: "test" }),
  token: () => ({ kind: "token", htpasswd: join(folder, "htpasswd"), service: "test", publicUrl: undefined }),
};

describe.each(Object.entries(kinds))("docker with Dhow's registry, authentication: %s", (kind, auth) => {
  let registry: ServedRegistry;
  beforeAll(async () => {
    registry = await ServedRegistry.start({ auth: auth(), policy: kind === "none" ? undefined : join(folder, "policy") });
  });
  afterAll(async () => registry[Symbol.asyncDispose]());

  const login = async (user: string): Promise<void> => {
    const { code, stderr } = await docker.run(["login", registry.host, "-u", user, "--password-stdin"], { input: "secret" });
    expect([code, kind], stderr).toEqual([0, kind]);
  };

  it("push, pull and run", async () => {
    const image = `${registry.host}/team/app:v1`;
    await docker.ok("tag", BUSYBOX, image);
    if (kind !== "none") {
      const refused = await docker.run(["push", image]);
      expect(refused.code).toBe(1);
      await login("ann");
    }
    expect(await docker.ok("push", image)).toMatch(/v1: digest: sha256:[0-9a-f]{64} size: \d+$/);
    // All of it is there: nothing is sent again, also not for another repository.
    expect(await docker.ok("push", image)).toContain("Layer already exists");
    await docker.ok("tag", image, `${registry.host}/team/other:v1`);
    expect(await docker.ok("push", `${registry.host}/team/other:v1`)).toContain("Mounted from team/app");
    if (kind !== "none") {
      await login("bob");
      expect((await docker.run(["push", image])).code).toBe(1);
    }
    await docker.ok("rmi", image, `${registry.host}/team/other:v1`);
    expect(await docker.ok("run", "--rm", image, "echo", "from the registry")).toBe("from the registry");
    await docker.ok("rmi", image);
  });
});

describe("skopeo", () => {
  let own: ServedRegistry;
  let debians: TestRegistry;
  beforeAll(async () => {
    own = await ServedRegistry.start({ auth: kinds.htpasswd(), policy: join(folder, "policy") });
    debians = await TestRegistry.start();
  });
  afterAll(async () => {
    await own[Symbol.asyncDispose]();
    await debians.stop();
  });
  const skopeo = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(["skopeo", "--insecure-policy", ...words], { environment: { HOME: folder } });
    expect([code, stderr]).toEqual([0, stderr]);
    return stdout;
  };
  const reading = ["--tls-verify=false", "--creds", "ann:secret"];
  const source = ["--src-tls-verify=false", "--src-creds", "ann:secret"];
  const login = ["--dest-tls-verify=false", "--dest-creds", "ann:secret"];

  // Its own wire to an engine is of API 1.22, which Docker has not spoken since 25: archives are the way there.
  it("copies what the engine has saved into Dhow's registry, from there to Debian's and back, and into what the engine loads", async () => {
    const at = (host: string, name: string): string => `docker://${host}/team/${name}:1`;
    await docker.ok("save", "-o", join(folder, "saved.tar"), BUSYBOX);
    await skopeo("copy", ...login, `docker-archive:${join(folder, "saved.tar")}`, at(own.host, "first"));
    const raw = await skopeo("inspect", "--raw", ...reading, at(own.host, "first"));
    await skopeo("copy", "--preserve-digests", ...source, "--dest-tls-verify=false", at(own.host, "first"), at(debians.host, "second"));
    await skopeo("copy", "--preserve-digests", "--src-tls-verify=false", ...login, at(debians.host, "second"), at(own.host, "third"));
    expect(await skopeo("inspect", "--raw", ...reading, at(own.host, "third"))).toBe(raw);
    expect(await skopeo("list-tags", ...reading, `docker://${own.host}/team/third`)).toContain('"1"');
    await skopeo("copy", ...source, at(own.host, "third"), `docker-archive:${join(folder, "back.tar")}:from/skopeo:1`);
    expect(await docker.ok("load", "-i", join(folder, "back.tar"))).toContain("Loaded image: from/skopeo:1");
    expect(await docker.ok("run", "--rm", "from/skopeo:1", "echo", "by way of two registries")).toBe("by way of two registries");
    await docker.ok("rmi", "from/skopeo:1");
    await skopeo("delete", ...reading, at(own.host, "third"));
    const gone = await runProgram(["skopeo", "inspect", ...reading, at(own.host, "third")]);
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining("manifest unknown")]);
  });

  it("copies an index whole, for every platform, and an image in OCI's form", async () => {
    await docker.ok("save", "-o", join(folder, "whole.tar"), BUSYBOX);
    await skopeo("copy", "--format", "oci", ...login, `docker-archive:${join(folder, "whole.tar")}`, `docker://${own.host}/team/oci:1`);
    expect(await skopeo("inspect", "--raw", ...reading, `docker://${own.host}/team/oci:1`)).toContain("vnd.oci.image.manifest.v1+json");
    const index = await indexOf(["amd64", "arm64"]);
    const from = `docker://${debians.host}/many:1`;
    await skopeo("copy", "--all", "--preserve-digests", "--src-tls-verify=false", ...login, from, `docker://${own.host}/team/many:1`);
    expect(await skopeo("inspect", "--raw", ...reading, `docker://${own.host}/team/many:1`)).toBe(index);
  });

  /** In Debian's registry, as `many:1`. */
  async function indexOf(architectures: readonly string[]): Promise<string> {
    const manifests = [];
    for (const architecture of architectures) {
      const image = { ...busyboxImage(), config: { architecture } };
      const digest = await debians.push("many", architecture, image);
      const { length } = Buffer.from(
        await (await fetch(`http://${debians.host}/v2/many/manifests/${digest}`, { headers: { accept: DOCKER_MANIFEST } })).arrayBuffer(),
      );
      manifests.push({ mediaType: DOCKER_MANIFEST, size: length, digest, platform: { os: "linux", architecture } });
    }
    const index = JSON.stringify({ schemaVersion: 2, mediaType: DOCKER_LIST, manifests });
    await debians.putManifest("many", "1", Buffer.from(index), DOCKER_LIST);
    return index;
  }
});

const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
