/** `dhow registry serve` as a process: what a kill leaves, and what signals do. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import https from "node:https";
import net from "node:net";
import type { TLSSocket } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeCertificate } from "#http/test-certificates.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { digestOf } from "#registry/protocol/digest.ts";
import { imageManifest } from "#registry/testing.ts";
import { eventually } from "../../support/eventually.ts";

const dhow = fileURLToPath(new URL("../../../bin/dhow", import.meta.url));

let root: string;
let child: ChildProcess | undefined;
let said = { output: "", errors: "" };
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "dhow-registry-process-"));
});
afterEach(() => {
  child?.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

/** Starts it; gives its origin. */
async function serve(...flags: string[]): Promise<string> {
  said = { output: "", errors: "" };
  const started = spawn(dhow, ["registry", "serve", "--data-root", join(root, "data"), "--addr", "127.0.0.1:0", ...flags], {
    stdio: "pipe",
  });
  child = started;
  started.stdout.on("data", (data: Buffer) => (said.output += data.toString()));
  started.stderr.on("data", (data: Buffer) => (said.errors += data.toString()));
  await eventually(() => expect(said.output, said.errors).toMatch(/Registry on https?:\S+\n/));
  return /Registry on (\S+)\n/.exec(said.output)?.[1] ?? "";
}

async function end(signal: NodeJS.Signals): Promise<number | null> {
  const ended = child as ChildProcess;
  const code = new Promise<number | null>((resolve) => ended.once("exit", (status) => resolve(status)));
  ended.kill(signal);
  child = undefined;
  return code;
}

it("goes on with an upload that a kill cut, and has all that it ever said it has", async () => {
  let origin = await serve();
  const bytes = randomBytes(3_000_000);
  const location = (await fetch(`${origin}/v2/a/blobs/uploads/`, { method: "POST" })).headers.get("location") ?? "";
  const sent = await fetch(origin + location, { method: "PATCH", body: new Uint8Array(bytes.subarray(0, 1_000_000)) });
  expect(sent.status).toBe(202);
  await cutInTheMiddle(origin, location, bytes.subarray(1_000_000));
  origin = await serve();
  const found = await fetch(origin + location);
  const from = Number(found.headers.get("range")?.split("-")[1]) + 1;
  expect([found.status, from >= 1_000_000]).toEqual([204, true]);
  const rest = await fetch(origin + location, {
    method: "PATCH",
    body: new Uint8Array(bytes.subarray(from)),
    headers: { "Content-Range": `${from}-${bytes.length - 1}` },
  });
  expect(rest.status).toBe(202);
  expect((await fetch(`${origin}${location}?digest=${digestOf(bytes)}`, { method: "PUT" })).status).toBe(201);
  await end("SIGKILL");
  origin = await serve();
  const got = Buffer.from(await (await fetch(`${origin}/v2/a/blobs/${digestOf(bytes)}`)).arrayBuffer());
  expect(got.equals(bytes)).toBe(true);
  expect(await end("SIGTERM")).toBe(0);
  expect(readdirSync(join(root, "data/uploads"))).toEqual([]);
  expect(readdirSync(join(root, "data/temporary"))).toEqual([]);
});

/** Kills the server when some of a chunk has arrived, and before the rest is sent. */
async function cutInTheMiddle(origin: string, location: string, bytes: Buffer): Promise<void> {
  const socket = net.connect(Number(new URL(origin).port), "127.0.0.1").on("error", () => undefined);
  socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n\r\n`);
  socket.write(bytes.subarray(0, 1_500_000));
  const id = location.split("/").at(-1) ?? "";
  await eventually(() => expect(readFileSync(join(root, "data/uploads", id)).length).toBeGreaterThan(1_000_000));
  await end("SIGKILL");
  socket.destroy();
}

it("has no blob that is not whole and no manifest that leads nowhere, however often it is killed", async () => {
  for (let round = 0; round < 4; round++) {
    const origin = await serve("--gc-grace", "1h");
    ageEverything();
    const work = Promise.allSettled([push(origin, `v${round}`), push(origin, `w${round}`)]);
    child?.kill("SIGUSR1");
    // Something of this round is there before the kill; how much more is chance.
    await eventually(async () => expect(await tagsOf(origin)).toContain(`v${round}-0`));
    await new Promise((resolve) => setTimeout(resolve, 25 * round));
    await end("SIGKILL");
    await work;
  }
  const origin = await serve();
  const tags = await tagsOf(origin);
  expect(tags).toContain("v0-0");
  for (const tag of tags) await pullWhole(origin, tag);
  for (const file of blobFiles()) expect(createHash("sha256").update(readFileSync(file)).digest("hex")).toBe(file.slice(-64));
});

async function tagsOf(origin: string): Promise<string[]> {
  return ((await (await fetch(`${origin}/v2/a/tags/list`)).json()) as { tags?: string[] }).tags ?? [];
}

function ageEverything(): void {
  const yesterday = new Date(Date.now() - 86_400_000);
  const folders = ["documents", "blobs"].map((name) => join(root, "data", name));
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), yesterday, yesterday);
    }
  }
}

function blobFiles(): string[] {
  return readdirSync(join(root, "data/blobs"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

async function push(origin: string, tag: string): Promise<void> {
  for (let image = 0; ; image++) {
    const [config, layer] = [Buffer.from(JSON.stringify({ tag, image: image % 3 })), Buffer.alloc(200_000, `${tag} ${image % 4}`)];
    for (const bytes of [config, layer]) await ok(`${origin}/v2/a/blobs/uploads/?digest=${digestOf(bytes)}`, "POST", bytes);
    const manifest = Buffer.from(JSON.stringify(imageManifest(config, [layer])));
    await ok(`${origin}/v2/a/manifests/${tag}-${image % 5}`, "PUT", manifest);
    if (image % 5 === 2) await fetch(`${origin}/v2/a/manifests/${tag}-2`, { method: "DELETE" });
  }
}

async function ok(url: string, method: string, bytes: Buffer): Promise<void> {
  const answer = await fetch(url, { method, body: new Uint8Array(bytes), headers: { "Content-Type": mediaTypes.ociManifest } });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
}

async function pullWhole(origin: string, tag: string): Promise<void> {
  const answer = await fetch(`${origin}/v2/a/manifests/${tag}`);
  expect([tag, answer.status]).toEqual([tag, 200]);
  const { config, layers } = (await answer.json()) as { config: { digest: string }; layers: { digest: string }[] };
  for (const { digest } of [config, ...layers]) {
    const blob = Buffer.from(await (await fetch(`${origin}/v2/a/blobs/${digest}`)).arrayBuffer());
    expect(digestOf(blob)).toBe(digest);
  }
}

it("speaks TLS, lets in whom its authority has signed, and takes a new certificate on SIGHUP", async () => {
  const authority = makeCertificate({ name: "authority", ca: true });
  const client = makeCertificate({ name: "client", issuer: authority, use: "client" });
  const path = (name: string): string => join(root, name);
  const install = (name: string): Buffer => {
    const { cert, key } = makeCertificate({ name, issuer: authority, use: "server" });
    writeFileSync(path("cert"), cert);
    writeFileSync(path("key"), key, { mode: 0o600 });
    return new X509Certificate(cert).raw;
  };
  writeFileSync(path("ca"), authority.cert);
  const first = install("one");
  const flags = ["--tls-cert", path("cert"), "--tls-key", path("key"), "--tls-client-ca", path("ca")];
  const port = Number(new URL(await serve(...flags)).port);
  const identity = { ca: authority.cert, cert: client.cert, key: client.key };
  expect(await shownBy(port, identity)).toEqual({ status: 200, raw: first });
  await expect(shownBy(port, { ca: authority.cert })).rejects.toThrow();
  await expect(fetch(`http://127.0.0.1:${port}/v2/`)).rejects.toThrow();
  const second = install("two");
  child?.kill("SIGHUP");
  await eventually(async () => expect((await shownBy(port, identity)).raw.equals(second)).toBe(true));
  chmodSync(path("key"), 0o644);
  child?.kill("SIGHUP");
  await eventually(() => expect(said.errors).toContain("can be read by others"));
  expect(await shownBy(port, identity)).toEqual({ status: 200, raw: second });
});

/** The answer's status, and the certificate that the server has shown. */
function shownBy(port: number, options: https.RequestOptions): Promise<{ status: number | undefined; raw: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = https.get({ host: "127.0.0.1", port, path: "/v2/", agent: false, ...options }, (response) => {
      const { raw } = (response.socket as TLSSocket).getPeerCertificate();
      response.resume().on("end", () => resolve({ status: response.statusCode, raw }));
    });
    request.on("error", reject);
  });
}

it("says what is wrong with its flags, keeps its folder to itself, and shows its figures", async () => {
  const origin = await serve("--metrics-addr", "127.0.0.1:0");
  await fetch(`${origin}/v2/`);
  const metrics = await (await fetch(/Metrics on (\S+)/.exec(said.output)?.[1] ?? "")).text();
  expect(metrics).toContain('dhow_registry_requests_total{operation="base",method="GET",status="200"} 1');
  expect(metrics).toContain("# TYPE dhow_registry_uploads_open gauge");
  const run = async (...flags: string[]): Promise<string> => {
    const other = spawn(dhow, ["registry", ...flags], { stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    other.stderr.on("data", (data: Buffer) => (errors += data.toString()));
    const code = await new Promise((resolve) => other.once("exit", resolve));
    expect([code, errors.split("\n").length]).toEqual([1, 2]);
    return errors;
  };
  const cases = [
    run("gc", "--data-root", join(root, "data")),
    run("serve", "--addr", "0.0.0.0:0", "--data-root", join(root, "x")),
    run("serve", "--auth", "htpasswd", "--htpasswd", join(root, "none"), "--data-root", join(root, "x")),
  ];
  expect((await Promise.all(cases)).map((line) => line.replaceAll(root, "ROOT"))).toEqual([
    "dhow: the registry's folder ROOT/data is in use by another registry\n",
    "dhow: 0.0.0.0:0 can be reached by others, who could push and delete: set --auth, or say --insecure\n",
    expect.stringMatching(/^dhow: cannot read ROOT\/none: ENOENT/),
  ]);
});
