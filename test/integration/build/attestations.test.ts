import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { useFolders } from "../../support/folders.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { TestRegistry } from "../../support/registry.ts";

/** What a build says of its image: kept, shown, and pushed to registries that know referrers (Dhow's) and such that do not (Debian's). */
const daemon = useDaemon({ images: [busyboxArchive] });
const dhow = dhowCli(daemon);
const context = useFolders();

const SECRET = `secret-of-${process.pid}-tests`;
const files = {
  Dockerfile: `FROM ${BUSYBOX} AS base
ARG TOKEN
RUN mkdir -p /node_modules && ln -s /etc /node_modules/evil
FROM base
COPY status /var/lib/dpkg/status
COPY package.json /app/node_modules/some-module/
RUN echo "$TOKEN" | wc -c > /used
`,
  status: "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.15-1~deb12u1\n",
  "package.json": JSON.stringify({ name: "some-module", version: "1.2.3" }),
};

interface Referrer {
  readonly digest: string;
  readonly artifactType?: string;
  readonly annotations?: Record<string, string>;
}

interface Statement {
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicateType: string;
  readonly predicate: { readonly packages?: { readonly externalRefs?: { readonly referenceLocator: string }[] }[] };
}

it("is kept with the image, in sight, and nothing of it is secret", async () => {
  const root = context(files);
  const flags = ["--sbom", "--provenance=mode=max", "--build-arg", `TOKEN=${SECRET}`, "-t", "attested:one", root];
  const built = await dhow.run(["build", ...flags]);
  expect(built.code, built.stderr).toBe(0);
  expect(built.stderr).toContain("Listed 2 installed packages\n");
  const list = (await dhow.ok("image", "attestations", "attested:one")).split("\n");
  expect(list).toEqual([
    expect.stringMatching(/^KIND +PREDICATE TYPE +DIGEST +SIZE$/),
    expect.stringMatching(/^provenance +https:\/\/slsa\.dev\/provenance\/v1 +sha256:/),
    expect.stringMatching(/^sbom +https:\/\/spdx\.dev\/Document +sha256:/),
  ]);
  const sbom = await dhow.ok("image", "attestations", "--print", "sbom", "attested:one");
  const { packages } = JSON.parse(sbom) as Statement["predicate"];
  expect(packages?.flatMap(({ externalRefs = [] }) => externalRefs.map(({ referenceLocator }) => referenceLocator))).toEqual([
    "pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64",
    "pkg:npm/some-module@1.2.3",
  ]);
  const provenance = await dhow.ok("image", "attestations", "--print", "provenance", "attested:one");
  expect(provenance).toContain('"TOKEN"');
  expect(provenance).not.toContain(SECRET);
  expect(Buffer.from(/"content": "([^"]+)"/.exec(provenance)?.[1] ?? "", "base64").toString()).toBe(files.Dockerfile);
});

it("is said anew by the next build, and goes with the image", async () => {
  const before = await dhow.ok("image", "attestations", "--format", "{{.Digest}}", "attested:one");
  await dhow.run(["build", "-q", "--provenance", "--build-arg", `TOKEN=${SECRET}`, "-t", "attested:one", context(files)]);
  const after = await dhow.ok("image", "attestations", "--format", "{{.Digest}}", "attested:one");
  expect(after).not.toBe(before);
  expect(after.split("\n")[1]).toBe(before.split("\n")[1]);
  // What was said before is not kept: the store has nothing that nobody needs.
  await eventually(async () => {
    const { Findings } = (await daemon.api("POST", "/system/doctor")).json as { Findings: object[] };
    expect(Findings).toEqual([]);
  });
  expect(JSON.parse(await dhow.ok("image", "attestations", "--format", "json", BUSYBOX).then((text) => `[${text}]`))).toEqual([]);
  const missing = await dhow.run(["image", "attestations", "--print", "sbom", BUSYBOX]);
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("has no sbom: build it with --sbom") });
  expect((await dhow.run(["build", "--sbom", "-o", "out", context(files)])).stderr).toContain("add the output type=image");
  expect((await dhow.run(["build", "--provenance=all", "."])).stderr).toContain("want true, false, mode=min or mode=max");
});

it("is attached to the image's manifest in a registry, the same however often it is pushed", async () => {
  await using registry = await serveRegistry();
  const name = `${registry.host}/team/attested:v1`;
  await daemon.api("POST", `/images/attested:one/tag?repo=${registry.host}/team/attested&tag=v1`);
  const pushed = await dhow.ok("push", name);
  expect(pushed).toMatch(/https:\/\/spdx\.dev\/Document: attached, digest: sha256:/);
  await dhow.ok("push", name);
  const digest = /v1: digest: (sha256:[0-9a-f]{64})/.exec(pushed)?.[1] ?? "";
  const { manifests } = (await (await fetch(`http://${registry.host}/v2/team/attested/referrers/${digest}`)).json()) as {
    manifests: Referrer[];
  };
  const kinds = new Set(manifests.map(({ annotations }) => annotations?.["in-toto.io/predicate-type"]));
  expect(kinds).toEqual(new Set(["https://slsa.dev/provenance/v1", "https://spdx.dev/Document"]));
  expect(manifests).toHaveLength(2);
  const statement = await statementAt(registry.host, manifests[0]?.digest ?? "");
  expect(statement.subject).toEqual([
    {
      name: `pkg:docker/${encodeURIComponent(registry.host)}/team/attested@v1?platform=linux%2Famd64`,
      digest: { sha256: digest.slice(7) },
    },
  ]);
});

it("is listed by a tag where a registry does not know referrers, once however often it is pushed", async () => {
  const registry = await TestRegistry.start();
  try {
    await daemon.api("POST", `/images/attested:one/tag?repo=${registry.host}/team/attested&tag=v1`);
    const pushed = await dhow.ok("push", `${registry.host}/team/attested:v1`);
    await dhow.ok("push", `${registry.host}/team/attested:v1`);
    const digest = /v1: digest: (sha256:[0-9a-f]{64})/.exec(pushed)?.[1] ?? "";
    const headers = { accept: "application/vnd.oci.image.index.v1+json" };
    const answer = await fetch(`http://${registry.host}/v2/team/attested/manifests/${digest.replace(":", "-")}`, { headers });
    const { manifests } = (await answer.json()) as { manifests: Referrer[] };
    expect(manifests).toHaveLength(2);
    expect(manifests[0]?.artifactType).toBe("application/vnd.in-toto+json");
    expect((await statementAt(registry.host, manifests[0]?.digest ?? "")).subject[0]?.digest.sha256).toBe(digest.slice(7));
  } finally {
    await registry.stop();
  }
});

async function statementAt(host: string, digest: string): Promise<Statement> {
  const headers = { accept: "application/vnd.oci.image.manifest.v1+json" };
  const answer = await fetch(`http://${host}/v2/team/attested/manifests/${digest}`, { headers });
  const { layers } = (await answer.json()) as { layers: { digest: string }[] };
  return (await (await fetch(`http://${host}/v2/team/attested/blobs/${layers[0]?.digest}`)).json()) as Statement;
}

async function serveRegistry(): Promise<AsyncDisposable & { readonly host: string }> {
  const folder = mkdtempSync(join(tmpdir(), "attested-registry-"));
  const program = fileURLToPath(new URL("../../../bin/dhow", import.meta.url));
  const child = spawn(program, ["registry", "serve", "--data-root", folder, "--addr", "127.0.0.1:0"], { stdio: "pipe" });
  let said = "";
  child.stdout.on("data", (data: Buffer) => (said += data.toString()));
  child.stderr.on("data", (data: Buffer) => (said += data.toString()));
  const host = await eventually(() => {
    const [, found] = /Registry on https?:\/\/(\S+)\n/.exec(said) ?? [];
    if (found === undefined) throw new Error(said);
    return found;
  });
  return {
    host,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
