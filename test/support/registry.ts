import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { configOf, type SmallImage } from "../../scripts/hello/docker-archive.ts";
import { eventually } from "./eventually.ts";
import type { TokenServer } from "./token-server.ts";

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const sha256 = (data: Buffer): string => `sha256:${createHash("sha256").update(data).digest("hex")}`;

/** Somebody else's registry: Debian's `docker-registry` on a loopback port, with an empty store of its own. */
export class TestRegistry {
  readonly host: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(host: string, folder: string, child: ChildProcess) {
    this.host = host;
    this.#folder = folder;
    this.#process = child;
  }

  static async start(auth: RegistryAuthKind = "none"): Promise<TestRegistry> {
    const folder = mkdtempSync(join(tmpdir(), "registry-"));
    const port = await freePort();
    const config = join(folder, "config.yml");
    writeFileSync(
      config,
      `version: 0.1\nlog: { level: error, accesslog: { disabled: true } }\nstorage:\n  delete: { enabled: true }\n  filesystem: { rootdirectory: ${folder}/data }\nhttp: { addr: 127.0.0.1:${port} }\n${authSection(folder, auth)}`,
    );
    const child = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
    const registry = new TestRegistry(`127.0.0.1:${port}`, folder, child);
    await eventually(async () => {
      if ((await fetch(`http://${registry.host}/v2/`)).status >= 500) throw new Error("not yet");
    });
    return registry;
  }

  /** Uploads an image over the registry's own protocol, layers gzipped. Returns the manifest's digest. */
  async push(repository: string, tag: string, image: SmallImage): Promise<string> {
    const config = configOf(image);
    const layers = image.layers.map((layer) => gzipSync(layer, { level: 1 }));
    for (const blob of [config, ...layers]) await this.putBlob(repository, blob);
    const describe = (mediaType: string, data: Buffer): object => ({ mediaType, size: data.length, digest: sha256(data) });
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: describe("application/vnd.docker.container.image.v1+json", config),
      layers: layers.map((layer) => describe("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)),
    };
    return this.putManifest(repository, tag, Buffer.from(JSON.stringify(manifest)), MANIFEST);
  }

  async putBlob(repository: string, blob: Buffer): Promise<string> {
    const opened = await fetch(`http://${this.host}/v2/${repository}/blobs/uploads/`, { method: "POST" });
    const location = new URL(opened.headers.get("location") ?? "", `http://${this.host}`);
    location.searchParams.set("digest", sha256(blob));
    const stored = await fetch(location, {
      method: "PUT",
      body: new Uint8Array(blob),
      headers: { "content-type": "application/octet-stream" },
    });
    if (stored.status !== 201) throw new Error(`blob: ${stored.status} ${await stored.text()}`);
    return sha256(blob);
  }

  async putManifest(repository: string, reference: string, manifest: Buffer, mediaType: string): Promise<string> {
    const stored = await fetch(`http://${this.host}/v2/${repository}/manifests/${reference}`, {
      method: "PUT",
      body: new Uint8Array(manifest),
      headers: { "content-type": mediaType },
    });
    if (stored.status !== 201) throw new Error(`manifest: ${stored.status} ${await stored.text()}`);
    return sha256(manifest);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill();
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The user is `user` and the password `secret`. */
export type RegistryAuthKind = "none" | "htpasswd" | TokenServer;

const HTPASSWD = "user:$2b$04$wdqGvmxJWfZA36FNr0nOa.0E/Ocs2bwC44YAo88MZF4rsqfexUFE2\n";

function authSection(folder: string, auth: RegistryAuthKind): string {
  if (auth === "none") return "";
  if (auth === "htpasswd") {
    writeFileSync(join(folder, "htpasswd"), HTPASSWD);
    return `auth: { htpasswd: { realm: test, path: ${folder}/htpasswd } }\n`;
  }
  writeFileSync(join(folder, "tokens.pem"), auth.certificate.cert);
  const { realm, service, issuer } = auth;
  return `auth: { token: { realm: "${realm}", service: ${service}, issuer: ${issuer}, rootcertbundle: ${folder}/tokens.pem } }\n`;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
