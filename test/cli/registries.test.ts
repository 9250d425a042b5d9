import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { useDaemon } from "../support/daemon.ts";
import { dhowCli } from "../support/dhow-cli.ts";
import { DockerCli, type Ran } from "../support/docker-cli.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";
import { TestRegistry } from "../support/registry.ts";
import { TokenServer } from "../support/token-server.ts";

let tokens: TokenServer;
let byPassword: TestRegistry;
let byToken: TestRegistry;
beforeAll(async () => {
  tokens = await TokenServer.start();
  [byPassword, byToken] = await Promise.all([TestRegistry.start("htpasswd"), TestRegistry.start(tokens)]);
});
afterAll(async () => {
  await Promise.all([byPassword.stop(), byToken.stop()]);
  await tokens[Symbol.asyncDispose]();
});
// The token server is another service of this machine: the administrator says that it may have passwords.
const daemon = useDaemon({ images: [busyboxArchive], flags: ["--insecure-registry=127.0.0.0/8"] });
const [dhow, docker] = [dhowCli(daemon), new DockerCli(daemon)];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dhow-login-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const config = (): { auths?: Record<string, object>; detachKeys?: string } => JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));

describe.each([
  ["a name and a password", () => byPassword.host, () => dhow],
  ["a token", () => byToken.host, () => dhow],
  ["a name and a password", () => byPassword.host, () => docker],
  ["a token", () => byToken.host, () => docker],
])("a registry that asks for %s", (_, hostOf, cliOf) => {
  const run = (words: string[], input?: string): Promise<Ran> =>
    cliOf().run(words, { environment: { DOCKER_CONFIG: folder }, ...(input === undefined ? {} : { input }) });

  it("lets in who has logged in, to push and to pull, until he logs out", async () => {
    const [host, name] = [hostOf(), `${hostOf()}/team/${cliOf() === dhow ? "dhow" : "docker"}:1`];
    writeFileSync(join(folder, "config.json"), JSON.stringify({ detachKeys: "ctrl-q" }), { mode: 0o600 });
    await docker.ok("tag", BUSYBOX, name);
    const refused = await run(["push", name]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/no basic auth credentials|authentication required/)]);

    const wrong = await run(["login", "-u", "user", "--password-stdin", host], "wrong\n");
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/401 Unauthorized|incorrect username or password/)]);
    const right = await run(["login", "-u", "user", "--password-stdin", host], "secret\n");
    expect([right.code, right.stdout]).toEqual([0, expect.stringContaining("Login Succeeded")]);
    expect(config()).toMatchObject({ detachKeys: "ctrl-q", auths: { [host]: { auth: Buffer.from("user:secret").toString("base64") } } });
    expect(statSync(join(folder, "config.json")).mode & 0o077).toBe(0);

    const pushed = await run(["push", name]);
    expect([pushed.code, pushed.stdout]).toEqual([0, expect.stringMatching(/1: digest: sha256:[0-9a-f]{64} size: \d+/)]);
    await docker.ok("rmi", name);
    expect(await run(["pull", name])).toMatchObject({ code: 0 });
    expect((await docker.ok("image", "inspect", "--format", "{{.Id}}", name)).trim()).toBe(
      await docker.ok("image", "inspect", "--format", "{{.Id}}", BUSYBOX),
    );

    expect(await run(["logout", host])).toMatchObject({ code: 0, stdout: `Removing login credentials for ${host}\n` });
    expect(config()).toMatchObject({ detachKeys: "ctrl-q" });
    expect(config().auths?.[host]).toBeUndefined();
    expect((await run(["push", name])).code).toBe(1);
  });
});

describe("dhow save and load", () => {
  it("write an archive, whole or not at all, and take it in again", async () => {
    const archive = join(folder, "images.tar");
    await dhow.ok("save", "-o", archive, BUSYBOX);
    expect(statSync(archive).mode & 0o077).toBe(0);
    expect((await dhow.run(["save", "-o", join(folder, "none.tar"), "missing:1"])).stderr).toBe(
      "dhow: Error response from daemon: No such image: missing:1\n",
    );
    expect(existsSync(join(folder, "none.tar"))).toBe(false);
    expect(await dhow.ok("load", "-i", archive)).toBe(`Loaded image: ${BUSYBOX}`);
  });
});
