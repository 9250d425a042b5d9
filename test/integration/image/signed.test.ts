import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { digestOf } from "#registry/protocol/digest.ts";
import { imageManifest, ServedRegistry } from "#registry/testing.ts";
import { ecKeys, pemOf, simplePayload, simpleSignature, statementBundle } from "#trust/testing.ts";
import { configOf } from "../../../scripts/hello/docker-archive.ts";
import { useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { busyboxImage } from "../../support/images.ts";

const folder = mkdtempSync(join(tmpdir(), "signed-"));
const policyFile = join(folder, "policy.json");
const daemon = useDaemon({ flags: ["--signature-policy", policyFile] });
const docker = new DockerCli(daemon);
const dhow = dhowCli(daemon);
const keys = ecKeys();
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json";

let registry: ServedRegistry;
let index = 0;
beforeAll(async () => {
  registry = await ServedRegistry.start();
  writeFileSync(join(folder, "team.pub"), pemOf(keys));
  writePolicy(join(folder, "team.pub"));
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** What is below acme/ has to be signed; everything else may come. */
function writePolicy(keyPath: string): void {
  const required = (type: string): object[] => [{ type: "sigstoreSigned", keyPath, signedIdentity: { type } }];
  const docker = { [`${registry.host}/acme`]: required("matchRepository"), [`${registry.host}/acme/bundled`]: required("matchDigest") };
  writeFileSync(policyFile, JSON.stringify({ default: [{ type: "insecureAcceptAnything" }], transports: { docker } }));
}

/** An image of its own each time. */
async function push(repository: string): Promise<{ name: string; digest: `sha256:${string}` }> {
  const image = { ...busyboxImage(), created: new Date(Date.UTC(2026, 0, 1, 0, 0, index++)).toISOString() };
  const config = configOf(image);
  for (const bytes of [config, ...image.layers]) await registry.pushBlob(repository, bytes);
  const digest = (await registry.pushManifest(repository, "v1", imageManifest(config, image.layers))) as `sha256:${string}`;
  return { name: `${registry.host}/${repository}:v1`, digest };
}

async function pushDocument(
  repository: string,
  reference: string,
  layer: Buffer,
  mediaType: string,
  more: object,
  annotations?: object,
): Promise<void> {
  const empty = Buffer.from("{}");
  for (const bytes of [empty, layer]) await registry.pushBlob(repository, bytes);
  const described = { mediaType, digest: digestOf(layer), size: layer.length, ...(annotations === undefined ? {} : { annotations }) };
  const manifest = { ...imageManifest(empty, []), layers: [described], ...more };
  await registry.pushManifest(repository, reference === "" ? digestOf(Buffer.from(JSON.stringify(manifest))) : reference, manifest);
}

async function sign(repository: string, digest: string): Promise<void> {
  const { payload, annotations } = simpleSignature(keys, simplePayload(digest, `${registry.host}/${repository}`));
  await pushDocument(repository, `${digest.replace(":", "-")}.sig`, payload, SIMPLE, {}, annotations);
}

it("an image that the policy wants a signature of is pulled when it has one, by whatever wants it", { timeout: 60_000 }, async () => {
  const { name, digest } = await push("acme/app");
  const refused = await docker.run(["pull", name]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(
    `image ${registry.host}/acme/app@${digest} is refused by the signature policy ${policyFile} (docker: ${registry.host}/acme)`,
  );
  expect(refused.stderr).toContain(
    `it has to be signed with ${join(folder, "team.pub")}, and no signature of it was found in its repository`,
  );
  expect((await docker.run(["run", "--rm", name, "true"])).stderr).toContain("is refused by the signature policy");
  const dockerfile = { name: "Dockerfile", type: "file", mode: 0o644, data: Buffer.from(`FROM ${name}\n`) } as const;
  expect((await daemon.api("POST", "/build", packTar([dockerfile]))).text).toContain("is refused by the signature policy");
  expect(await docker.ok("images", "-q")).toBe("");

  const before = await dhow.run(["image", "verify", name]);
  expect([before.code, before.stdout]).toEqual([
    1,
    `${name} is refused
  digest  ${digest}
  policy  ${policyFile} (docker: ${registry.host}/acme)
  not met signed with ${join(folder, "team.pub")}
          no signature of this digest is in its repository
`,
  ]);
  await sign("acme/app", digest);
  expect(await dhow.run(["image", "verify", "--format", "json", name])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"Accepted":true'),
  });
  expect(await docker.ok("run", "--rm", name, "echo", "signed")).toContain("signed");
  await docker.ok("rmi", name);
});

it("a signature of another repository, and one of another image, let nothing in", async () => {
  const [app, other] = [await push("acme/first"), await push("acme/second")];
  const { payload, annotations } = simpleSignature(keys, simplePayload(app.digest, `${registry.host}/acme/second`));
  await pushDocument("acme/first", `${app.digest.replace(":", "-")}.sig`, payload, SIMPLE, {}, annotations);
  expect((await docker.run(["pull", app.name])).stderr).toContain(
    `it was made for ${registry.host}/acme/second, not for ${registry.host}/acme/first`,
  );
  const stolen = simpleSignature(keys, simplePayload(app.digest, `${registry.host}/acme/second`));
  await pushDocument("acme/second", `${other.digest.replace(":", "-")}.sig`, stolen.payload, SIMPLE, {}, stolen.annotations);
  expect((await docker.run(["pull", other.name])).stderr).toContain(`it was made for ${app.digest}, another image`);
});

it("a bundle that refers to the image counts where the policy takes digests alone", async () => {
  const { name, digest } = await push("acme/bundled");
  const manifest = await (await registry.fetch(`/v2/acme/bundled/manifests/${digest}`)).arrayBuffer();
  const subject = { mediaType: mediaTypes.ociManifest, digest, size: manifest.byteLength };
  await pushDocument("acme/bundled", "", statementBundle(keys, digest), BUNDLE, { artifactType: BUNDLE, subject });
  expect(await docker.ok("pull", "-q", name)).toContain(name);
  await docker.ok("rmi", name);
});

it("a policy that changes counts at once, and one that is broken lets nothing in", async () => {
  const [signed, free] = [await push("acme/again"), await push("open/app")];
  await sign("acme/again", signed.digest);
  await docker.ok("pull", "-q", free.name);
  writeFileSync(join(folder, "new.pub"), pemOf(ecKeys()));
  writePolicy(join(folder, "new.pub"));
  expect((await docker.run(["pull", signed.name])).stderr).toContain("another key made it");
  writeFileSync(policyFile, "{");
  expect((await docker.run(["pull", free.name])).stderr).toContain(
    `the signature policy ${policyFile} cannot be used, so no image is accepted: it is not JSON`,
  );
  writePolicy(join(folder, "team.pub"));
  await docker.ok("pull", "-q", signed.name);
  await docker.ok("rmi", signed.name, free.name);
});
