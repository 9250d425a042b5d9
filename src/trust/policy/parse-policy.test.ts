import { describe, expect, it } from "vitest";
import { parseReference } from "#spec/reference.ts";
import { ecKeys, ed25519Keys, makeCertificate, AUTHORITY, pemOf } from "../testing.ts";
import { refusalOf } from "./identity.ts";
import { parsePolicy } from "./parse-policy.ts";
import { readPolicy } from "./policy-file.ts";
import type { SignaturePolicy, SignedIdentity } from "./requirement.ts";
import { entryFor } from "./scopes.ts";

const keys = ecKeys();
const files: Record<string, string> = {
  "/key.pub": pemOf(keys),
  "/ed.pub": pemOf(ed25519Keys()),
  "/secret.pem": String(keys.privateKey.export({ type: "pkcs8", format: "pem" })),
  "/ca.pem": makeCertificate({ subject: "/CN=x", keys, extensions: AUTHORITY }).toString(),
  "/empty.json": "{}",
};

const parse = (value: unknown): Promise<SignaturePolicy> =>
  parsePolicy(typeof value === "string" ? value : JSON.stringify(value), async (path) => {
    if (files[path] === undefined) throw new Error("ENOENT: no such file");
    return Buffer.from(files[path]);
  });
const ofOne = (requirement: object): object => ({ default: [requirement] });

it("reads what Podman, Skopeo and CRI-O have", async () => {
  const policy = await parse({
    default: [{ type: "reject" }],
    transports: {
      docker: {
        "docker.io/library": [{ type: "insecureAcceptAnything" }],
        "registry.example/team": [
          {
            type: "sigstoreSigned",
            keyPath: "/key.pub",
            signedIdentity: { type: "exactRepository", dockerRepository: "registry.example/x" },
          },
        ],
      },
      "docker-daemon": { "": [{ type: "insecureAcceptAnything" }] },
    },
  });
  expect(policy.default).toEqual([{ kind: "nothing" }]);
  expect(policy.scopes.get("registry.example/team")).toMatchObject([
    { kind: "sigstore", text: "signed with /key.pub", identity: { type: "exactRepository", name: "registry.example/x" } },
  ]);
});

it.each<[string, unknown, string]>([
  ["no JSON", "{", "it is not JSON"],
  ["a key twice", '{"default":[{"type":"reject"}],"default":[{"type":"insecureAcceptAnything"}]}', "duplicate key"],
  ["no default", {}, "default is not a list"],
  ["an empty list", { default: [] }, "default is not a list"],
  ["a key that is none", { default: [{ type: "reject" }], transport: {} }, '"transport" is none of default, transports'],
  ["a scope that is none", { default: [{ type: "reject" }], transports: { docker: { "a b": [] } } }, "is no scope"],
  ["a type that is none", ofOne({ type: "signed" }), "default[0].type is none of"],
  ["GPG", ofOne({ type: "signedBy", keyType: "GPGKeys", keyPath: "/key.pub" }), "cannot be checked by Dhow: use sigstoreSigned"],
  ["a misspelt key", ofOne({ type: "sigstoreSigned", keypath: "/key.pub" }), '"keypath" is none of'],
  ["no signer", ofOne({ type: "sigstoreSigned" }), "says who signs"],
  ["two signers", ofOne({ type: "sigstoreSigned", keyPath: "/key.pub", fulcio: {} }), "says who signs"],
  ["two keys in two ways", ofOne({ type: "sigstoreSigned", keyPath: "/key.pub", keyData: "x" }), "only one of keyPath, keyData"],
  ["a file that is missing", ofOne({ type: "sigstoreSigned", keyPath: "/gone.pub" }), "cannot read /gone.pub: ENOENT"],
  ["a relative path", ofOne({ type: "sigstoreSigned", keyPath: "key.pub" }), "is not an absolute path"],
  ["a private key", ofOne({ type: "sigstoreSigned", keyPath: "/secret.pem" }), "is a private key: the policy wants the public one"],
  ["what is no key", ofOne({ type: "sigstoreSigned", keyPath: "/empty.json" }), "/empty.json is no public key"],
  [
    "Ed25519 in Rekor",
    ofOne({ type: "sigstoreSigned", keyPath: "/ed.pub", rekorPublicKeyPath: "/key.pub" }),
    "Rekor has no entries for plain Ed25519",
  ],
  [
    "an identity that is none",
    ofOne({ type: "sigstoreSigned", keyPath: "/key.pub", signedIdentity: { type: "any" } }),
    "signedIdentity.type is none of",
  ],
  [
    "an authority without a log",
    ofOne({ type: "sigstoreSigned", fulcio: { caPath: "/ca.pem", oidcIssuer: "x", subjectEmail: "y" } }),
    "needs rekorPublicKeyPath",
  ],
  [
    "a root without an authority",
    ofOne({ type: "sigstoreSigned", keyless: { trustedRootPath: "/empty.json", oidcIssuer: "x", subject: "y" } }),
    "names no certificate authority",
  ],
  [
    "a trust store that is none",
    ofOne({ type: "notationSigned", trustStorePath: "/key.pub", trustedIdentities: ["*"] }),
    "holds no certificate",
  ],
  [
    "identities of nobody",
    ofOne({ type: "notationSigned", trustStorePath: "/ca.pem", trustedIdentities: [] }),
    "trustedIdentities is not a list",
  ],
  [
    "an identity that many have",
    ofOne({ type: "notationSigned", trustStorePath: "/ca.pem", trustedIdentities: ["x509.subject: C=US"] }),
    "has to have each of C, ST and O",
  ],
])("refuses %s", async (_, value, message) => {
  await expect(parse(value)).rejects.toThrow(expect.objectContaining({ category: "invalid", message: expect.stringContaining(message) }));
});

it("a policy that was named and is not there lets nothing in; the usual one may be missing", async () => {
  await expect(readPolicy("/nowhere/policy.json")).rejects.toMatchObject({
    category: "forbidden",
    message: expect.stringContaining("the signature policy /nowhere/policy.json cannot be used, so no image is accepted"),
  });
});

describe("scopes", () => {
  const one = [{ kind: "anything" }] as const;
  const policyOf = (...scopes: string[]): SignaturePolicy => ({ default: one, scopes: new Map(scopes.map((scope) => [scope, one])) });
  const all = ["h.b.c:5000/n/r:t", "h.b.c:5000/n/r", "h.b.c:5000/n", "h.b.c:5000", "*.b.c", "*.c", ""];

  it.each(all.map((scope, index) => [scope, index] as const))("%j is used where nothing more specific is", (scope, index) => {
    expect(entryFor(policyOf(...all.slice(index)), parseReference("h.b.c:5000/n/r:t")).scope).toBe(
      `docker: ${scope === "" ? '""' : scope}`,
    );
  });

  it.each<[string, string, string]>([
    ["ubuntu", "docker.io/library/ubuntu:latest", "docker: docker.io/library/ubuntu:latest"],
    ["acme/app", "docker.io/acme", "docker: docker.io/acme"],
    ["ghcr.io/acme-evil/app", "ghcr.io/acme", "default"],
    ["ghcr.io.evil/acme/app", "ghcr.io", "default"],
    ["b.c/x", "*.b.c", "default"],
    ["ab.c/x", "*.b.c", "default"],
  ])("%s under %s: %s", (image, scope, expected) => {
    expect(entryFor(policyOf(scope), parseReference(image)).scope).toBe(expected);
  });
});

describe("what a signature says that it is for", () => {
  it.each<[SignedIdentity, string, string, boolean]>([
    [{ type: "matchExact" }, "r.io/a:1", "r.io/a:1", true],
    [{ type: "matchExact" }, "r.io/a", "r.io/a:latest", false],
    [{ type: "matchRepoDigestOrExact" }, "r.io/a:1", "r.io/a:2", false],
    [{ type: "matchRepoDigestOrExact" }, "r.io/a:1", `r.io/a@sha256:${"0".repeat(64)}`, true],
    [{ type: "matchRepository" }, "r.io/a:1", "r.io/a:2", true],
    [{ type: "matchRepository" }, "r.io/a", "r.io/b", false],
    [{ type: "matchRepository" }, "busybox", "docker.io/library/busybox", true],
    [{ type: "exactReference", name: "r.io/b:1" }, "r.io/b:1", "mirror/a:1", true],
    [{ type: "exactRepository", name: "r.io/b" }, "r.io/b:9", "mirror.io/a:1", true],
    [{ type: "exactRepository", name: "r.io/b" }, "r.io/c:9", "mirror.io/a:1", false],
    [{ type: "remapIdentity", prefix: "mirror.io/x", signedPrefix: "r.io" }, "r.io/a:1", "mirror.io/x/a:1", true],
    [{ type: "remapIdentity", prefix: "mirror.io/x", signedPrefix: "r.io" }, "r.io/a:1", "mirror.io/xy/a:1", false],
    [{ type: "matchRepository" }, "no reference!", "r.io/a", false],
    [{ type: "matchDigest" }, "r.io/b", "r.io/a", true],
  ])("%j: %s counts for %s: %s", (identity, signed, asked, counts) => {
    expect(refusalOf(identity, signed, parseReference(asked)) === undefined).toBe(counts);
  });
});
