import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { makeCertificate, type Certificate } from "#http/test-certificates.ts";
import { launched } from "../support/build.ts";
import { useDaemon } from "../support/daemon.ts";
import { runProgram, type Ran } from "../support/docker-cli.ts";
import { freePort } from "../support/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "test-cli-tls-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ca = makeCertificate({ name: "ca", ca: true });
const stranger = makeCertificate({ name: "stranger", ca: true });
const server = makeCertificate({ name: "server", issuer: ca, use: "server" });
const client = makeCertificate({ name: "client", issuer: ca, use: "client" });

/** A folder as DOCKER_CERT_PATH names one. */
function identity(path: string, authority: Certificate, { cert, key }: Certificate): string {
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries({ "ca.pem": authority.cert, "cert.pem": cert, "key.pem": key })) {
    writeFileSync(join(path, file), text, { mode: 0o600 });
  }
  return path;
}

const served = identity(join(folder, "server"), ca, server);
const good = identity(join(folder, "client"), ca, client);
const misled = identity(join(folder, "misled"), stranger, client);

const port = await freePort();
const files = ["--tlscacert", join(served, "ca.pem"), "--tlscert", join(served, "cert.pem"), "--tlskey", join(served, "key.pem")];
const daemon = useDaemon({ flags: ["-H", `tcp://127.0.0.1:${port}`, "--tlsverify", ...files] });

const dhow = (words: readonly string[], environment: Record<string, string> = {}): Promise<Ran> =>
  runProgram([fileURLToPath(new URL("../../bin/dhow", import.meta.url)), ...words, "version", "--format", "{{.Server.Os}}"], {
    environment: { HOME: folder, ...launched, ...environment },
  });

const ok = { code: 0, stdout: "linux\n", stderr: "" };
const tcp = `tcp://127.0.0.1:${port}`;

describe("dhow finds its daemon", () => {
  it("by --host, DOCKER_HOST and a context", async () => {
    expect(await dhow(["-H", daemon.host])).toEqual(ok);
    expect(await dhow([], { DOCKER_HOST: daemon.host })).toEqual(ok);
    const key = createHash("sha256").update("boat").digest("hex");
    mkdirSync(join(folder, ".docker/contexts/meta", key), { recursive: true });
    const meta = { Name: "boat", Endpoints: { docker: { Host: daemon.host } } };
    writeFileSync(join(folder, ".docker/contexts/meta", key, "meta.json"), JSON.stringify(meta));
    expect(await dhow(["-c", "boat"])).toEqual(ok);
    expect(await dhow(["--context=boat"], { DOCKER_HOST: "unix:///none" })).toEqual(ok);
    expect((await dhow(["-c", "none"])).stderr).toMatch(/^dhow: context "none": context not found/);
  });

  it("by a context over TLS, with certificates of its own", async () => {
    const key = createHash("sha256").update("far").digest("hex");
    mkdirSync(join(folder, ".docker/contexts/meta", key), { recursive: true });
    const meta = { Name: "far", Endpoints: { docker: { Host: tcp, SkipTLSVerify: false } } };
    writeFileSync(join(folder, ".docker/contexts/meta", key, "meta.json"), JSON.stringify(meta));
    identity(join(folder, ".docker/contexts/tls", key, "docker"), ca, client);
    expect(await dhow(["-c", "far"])).toEqual(ok);
  });
});

describe("dhow over TLS", () => {
  it("is known by its certificate, and knows the daemon by its own", async () => {
    expect(await dhow(["-H", tcp, "--tlsverify"], { DOCKER_CERT_PATH: good })).toEqual(ok);
    expect(await dhow([], { DOCKER_HOST: tcp, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: good })).toEqual(ok);
    const named = ["--tlscacert", join(good, "ca.pem"), "--tlscert", join(good, "cert.pem"), "--tlskey", join(good, "key.pem")];
    expect(await dhow(["-H", tcp, "--tlsverify", ...named])).toEqual(ok);
  });

  it("does not talk to a stranger, unless it is told not to look", async () => {
    const refused = await dhow(["-H", tcp, "--tlsverify"], { DOCKER_CERT_PATH: misled });
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^dhow: TLS with the Docker daemon at .* failed: .*certificate/);
    expect(await dhow(["-H", tcp, "--tls"], { DOCKER_CERT_PATH: misled })).toEqual(ok);
  });

  it("is refused without a certificate", async () => {
    const refused = await dhow(["-H", tcp, "--tlsverify", "--tlscacert", join(good, "ca.pem")]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toBe(`dhow: TLS with the Docker daemon at ${tcp} failed: tlsv13 alert certificate required\n`);
  });
});
