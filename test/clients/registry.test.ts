/** The unmodified docker command line with Dhow's own registry, by each of its ways to show who one is. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuthOptions } from "#registry/open-registry.ts";
import { ServedRegistry } from "#registry/testing.ts";
import { useDaemon } from "../support/daemon.ts";
import { DockerCli } from "../support/docker-cli.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";

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

describe.each(Object.entries(kinds))("authentication: %s", (kind, auth) => {
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
