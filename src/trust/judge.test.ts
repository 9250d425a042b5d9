import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseReference } from "#spec/reference.ts";
import type { Verdict } from "./contract.ts";
import { judge } from "./judge.ts";
import { parsePolicy } from "./policy/parse-policy.ts";
import {
  AUTHORITY,
  digestOf,
  ecKeys,
  ed25519Keys,
  FakeLog,
  FakeRepository,
  findingsOf as why,
  judgedBy,
  fulcioExtensions,
  type KeyPair,
  makeCertificate,
  pemOf,
  rsaKeys,
  signedBy,
  simplePayload,
  simpleSignature,
  statementBundle,
  trustedRoot,
} from "./testing.ts";
import type { X509Certificate } from "node:crypto";

const REPOSITORY = "registry.example/acme/app";
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const bytes = Buffer.from('{"schemaVersion":2,"config":{}}');
const digest = digestOf(bytes);
const other = digestOf(Buffer.from("other"));
const never = new AbortController().signal;
const HOUR = 3_600_000;

let repository: FakeRepository;
beforeEach(() => {
  repository = new FakeRepository();
});

const judged = (requirement: object, files: Record<string, string> = {}, reference = `${REPOSITORY}:v1`): Promise<Verdict> =>
  judgedBy(requirement, files, { reference: parseReference(reference), manifest: { digest, bytes }, source: repository });

describe("cosign signatures by a key", () => {
  const byKey = (keys: KeyPair, more: object = { signedIdentity: { type: "matchRepository" } }): [object, Record<string, string>] => [
    { type: "sigstoreSigned", keyPath: "/key.pub", ...more },
    { "/key.pub": pemOf(keys) },
  ];

  it.each<[string, () => KeyPair]>([
    ["ECDSA", ecKeys],
    ["RSA", rsaKeys],
    ["Ed25519", ed25519Keys],
  ])("of %s are accepted, and of another key are not", async (_, make) => {
    const keys = make();
    repository.addSimpleSignatures(digest, [simpleSignature(keys, simplePayload(digest, REPOSITORY))]);
    expect((await judged(...byKey(keys))).accepted).toBe(true);
    const verdict = await judged(...byKey(make()));
    expect([verdict.accepted, why(verdict)]).toEqual([false, "another key made it"]);
  });

  it("are wanted: without one there is none", async () => {
    const verdict = await judged(...byKey(ecKeys()));
    expect(verdict).toMatchObject({ accepted: false, digest, scope: "default", requirements: [{ accepted: false, findings: [] }] });
  });

  it("for another digest are refused", async () => {
    const keys = ecKeys();
    repository.addSimpleSignatures(digest, [simpleSignature(keys, simplePayload(other, REPOSITORY))]);
    expect(why(await judged(...byKey(keys)))).toBe(`it was made for ${other}, another image`);
  });

  it("of another repository are refused when they are replayed in this one", async () => {
    const keys = ecKeys();
    repository.addSimpleSignatures(digest, [simpleSignature(keys, simplePayload(digest, "registry.example/acme/testing"))]);
    expect(why(await judged(...byKey(keys)))).toBe(`it was made for registry.example/acme/testing, not for ${REPOSITORY}`);
    expect((await judged(...byKey(keys, { signedIdentity: { type: "matchDigest" } }))).accepted).toBe(true);
  });

  it("are found among others that are none", async () => {
    const keys = ecKeys();
    const good = simpleSignature(keys, simplePayload(digest, REPOSITORY));
    repository.addSimpleSignatures(digest, [
      { payload: Buffer.from("no JSON"), annotations: {} },
      simpleSignature(ecKeys(), simplePayload(digest, REPOSITORY)),
      simpleSignature(keys, simplePayload(digest, REPOSITORY, { type: "something else" })),
      simpleSignature(keys, Buffer.from("{}")),
      good,
    ]);
    const verdict = await judged(...byKey(keys));
    expect(verdict.accepted).toBe(true);
    expect(verdict.requirements[0]?.findings.map(({ accepted }) => accepted)).toEqual([false, false, false, false, true]);
  });

  it("need the tag where the policy wants the exact reference, and say how to do without", async () => {
    const keys = ecKeys();
    repository.addSimpleSignatures(digest, [simpleSignature(keys, simplePayload(digest, REPOSITORY))]);
    expect(why(await judged(...byKey(keys, {})))).toContain('"signedIdentity": {"type": "matchRepository"}');
    expect((await judged(...byKey(keys, {}), `${REPOSITORY}@${digest}`)).accepted).toBe(true);
    repository.addSimpleSignatures(digest, [simpleSignature(keys, simplePayload(digest, `${REPOSITORY}:v1`))]);
    expect((await judged(...byKey(keys, {}))).accepted).toBe(true);
    expect((await judged(...byKey(keys, {}), `${REPOSITORY}:v2`)).accepted).toBe(false);
  });

  it("of a platform's image do not count for the index that was asked for", async () => {
    const keys = ecKeys();
    const platform = digestOf(Buffer.from("the image of one platform"));
    repository.addSimpleSignatures(platform, [simpleSignature(keys, simplePayload(platform, REPOSITORY))]);
    expect((await judged(...byKey(keys))).accepted).toBe(false);
  });

  it("are looked for no further than a bound, however many documents say that they are about the image", async () => {
    const keys = ecKeys();
    for (let index = 0; index < 40; index++) repository.addReferrer(digest, BUNDLE, Buffer.from(`{"n":${index}}`));
    const first = repository.about.get(digest)?.[0];
    if (first !== undefined)
      repository.about.set(
        digest,
        Array.from({ length: 100_000 }, () => first),
      );
    repository.addReferrer(digest, BUNDLE, statementBundle(keys, digest));
    const verdict = await judged(...byKey(keys));
    expect([verdict.accepted, repository.asked < 100]).toEqual([false, true]);
    expect(why(verdict)).toContain("there are more signatures than the 32 that are looked at");
  });

  it("may be asked to be in a log, of this very signature", async () => {
    const [keys, log] = [ecKeys(), new FakeLog()];
    const payload = simplePayload(digest, REPOSITORY);
    const signature = signedBy(keys, payload).toString("base64");
    const inLog = (entry: string) => ({
      payload,
      annotations: { "dev.cosignproject.cosign/signature": signature, "dev.sigstore.cosign/bundle": entry },
    });
    const [requirement, files] = byKey(keys, { rekorPublicKeyPath: "/rekor.pub", signedIdentity: { type: "matchRepository" } });
    const verdictOf = async (entry: string | undefined, of = log): Promise<Verdict> => {
      repository.addSimpleSignatures(digest, [entry === undefined ? simpleSignature(keys, payload) : inLog(entry)]);
      return judged(requirement, { ...files, "/rekor.pub": pemOf(of.keys) });
    };
    expect((await verdictOf(log.annotation(signature, payload, new Date()))).accepted).toBe(true);
    expect(why(await verdictOf(undefined))).toContain("it has no entry of the transparency log");
    expect(why(await verdictOf(log.annotation(signature, payload, new Date()), new FakeLog()))).toContain(
      "not signed by a log of the policy",
    );
    expect(why(await verdictOf(log.annotation("AAAA", payload, new Date())))).toContain("its log entry is another signature's");
    expect(why(await verdictOf("{}"))).toContain("is not an object");
  });
});

describe("Sigstore bundles by a key", () => {
  const policy = (keys: KeyPair, type: string): [object, Record<string, string>] => [
    { type: "sigstoreSigned", keyPaths: ["/old.pub", "/key.pub"], signedIdentity: { type } },
    { "/key.pub": pemOf(keys), "/old.pub": pemOf(ecKeys()) },
  ];

  it.each<[string, () => KeyPair]>([
    ["ECDSA", ecKeys],
    ["Ed25519", ed25519Keys],
  ])("of %s count for the digest that they name", async (_, make) => {
    const keys = make();
    repository.addReferrer(digest, BUNDLE, statementBundle(keys, digest));
    expect((await judged(...policy(keys, "matchDigest"))).accepted).toBe(true);
    expect(why(await judged(...policy(ecKeys(), "matchDigest")))).toContain("another key made it");
    expect(why(await judged(...policy(keys, "matchRepository")))).toContain('"signedIdentity": {"type": "matchDigest"}');
  });

  it("are held to the name that they give, where they give one", async () => {
    const keys = ecKeys();
    repository.addReferrer(digest, BUNDLE, statementBundle(keys, digest, { name: "registry.example/acme/testing" }));
    expect(why(await judged(...policy(keys, "matchRepository")))).toContain("it was made for registry.example/acme/testing");
    repository.addReferrer(digest, BUNDLE, statementBundle(keys, digest, { name: REPOSITORY }));
    expect((await judged(...policy(keys, "matchRepository"))).accepted).toBe(true);
  });

  it("count also beside documents that are gone, damaged or too large", async () => {
    const keys = ecKeys();
    repository.manifests.set(`${digest.replace(":", "-")}.sig`, Buffer.alloc(2_000_000, " "));
    for (const text of ["{}", `{"x":"${"y".repeat(2_000_000)}"}`, "no JSON"]) {
      const manifest = Buffer.from(text);
      repository.manifests.set(digestOf(manifest), manifest);
      repository.about.set(digest, [...(repository.about.get(digest) ?? []), { digest: digestOf(manifest), artifactType: BUNDLE }]);
    }
    repository.about.set(digest, [...(repository.about.get(digest) ?? []), { digest: other, artifactType: BUNDLE }]);
    repository.addReferrer(digest, BUNDLE, statementBundle(keys, digest));
    const verdict = await judged(...policy(keys, "matchDigest"));
    expect(verdict.accepted).toBe(true);
    expect(why(verdict)).toMatch(
      /over 1048576 bytes; layers of its manifest is not a list; it is over .* is not JSON: .*; its manifest is not in the repository; a key/,
    );
  });

  it.each<[string, (keys: KeyPair) => Buffer, string]>([
    ["of another image", (keys) => statementBundle(keys, other), "it was made for another image"],
    [
      "of provenance",
      (keys) => statementBundle(keys, digest, { predicateType: "https://slsa.dev/provenance/v1" }),
      "is no signature of it: https://slsa.dev/provenance/v1",
    ],
    ["that are none", () => Buffer.from('{"mediaType":"x"}'), "it is no Sigstore bundle"],
    ["that are no JSON", () => Buffer.from("\u0007"), "the bundle is not JSON"],
  ])("%s are refused", async (_, make, expected) => {
    const keys = ecKeys();
    repository.addReferrer(digest, BUNDLE, make(keys));
    const verdict = await judged(...policy(keys, "matchDigest"));
    expect([verdict.accepted, why(verdict)]).toEqual([false, expect.stringContaining(expected)]);
  });
});

describe("signatures without a key, by a certificate for minutes", () => {
  const SUBJECT = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main";
  const ISSUER = "https://token.actions.githubusercontent.com";
  let root: { certificate: X509Certificate; keys: KeyPair };
  const log = new FakeLog();
  const keys = ecKeys();
  let certificate: X509Certificate;
  beforeAll(() => {
    const rootKeys = ecKeys();
    root = {
      keys: rootKeys,
      certificate: makeCertificate({
        subject: "/O=sigstore.test/CN=root",
        keys: rootKeys,
        extensions: AUTHORITY,
        from: new Date(Date.now() - 9 * HOUR),
      }),
    };
    certificate = makeCertificate({
      subject: "/",
      keys,
      issuer: root,
      extensions: fulcioExtensions(SUBJECT, ISSUER),
      from: new Date(Date.now() - 2 * HOUR),
      to: new Date(Date.now() - HOUR),
    });
  });
  const signedAt = (): Date => new Date(Date.now() - 1.5 * HOUR);
  const policy = (more: object = {}): object => ({
    type: "sigstoreSigned",
    keyless: { trustedRootPath: "/root.json", oidcIssuer: ISSUER, subject: SUBJECT, ...more },
    signedIdentity: { type: "matchDigest" },
  });
  const verdictOf = (requirement: object, authority = root.certificate, of = log): Promise<Verdict> =>
    judged(requirement, { "/root.json": trustedRoot([authority], of), "/fulcio.pem": authority.toString(), "/rekor.pub": pemOf(of.keys) });
  const addSimple = (at: Date, by = certificate): void => {
    const payload = simplePayload(digest, REPOSITORY);
    const signature = signedBy(keys, payload).toString("base64");
    const more = { "dev.sigstore.cosign/certificate": by.toString(), "dev.sigstore.cosign/bundle": log.annotation(signature, payload, at) };
    repository.addSimpleSignatures(digest, [{ payload, annotations: { "dev.cosignproject.cosign/signature": signature, ...more } }]);
  };

  it("are accepted when the log has them in the certificate's time, in cosign's older form and as bundles", async () => {
    addSimple(signedAt());
    const simple = await verdictOf(policy());
    expect([simple.accepted, why(simple)]).toEqual([true, `${SUBJECT} (${ISSUER})`]);
    repository = new FakeRepository();
    repository.addReferrer(digest, BUNDLE, statementBundle(keys, digest, {}, { certificate, log, at: signedAt() }));
    const bundle = await verdictOf(policy({ subject: undefined, subjectRegExp: "https://github\\.com/acme/.*" }));
    expect([bundle.accepted, why(bundle)]).toEqual([true, `${SUBJECT} (${ISSUER})`]);
  });

  it("are refused when the log has them after the certificate's time", async () => {
    addSimple(new Date());
    expect(why(await verdictOf(policy()))).toContain("was not valid when it signed");
  });

  it.each<[string, object, string]>([
    [
      "another subject",
      { subject: "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/evil" },
      "has signed it, not https://",
    ],
    ["a part of the subject", { subject: undefined, subjectRegExp: "https://github.com/acme" }, "has signed it, not /https"],
    ["another issuer", { oidcIssuer: "https://accounts.google.com" }, "not https://accounts.google.com"],
  ])("are refused where the policy wants %s", async (_, more, expected) => {
    addSimple(signedAt());
    expect(why(await verdictOf(policy(more)))).toContain(expected);
  });

  it("are refused by other authorities, other logs, and by a certificate that its own holder made", async () => {
    addSimple(signedAt());
    const stranger = ecKeys();
    const authority = makeCertificate({ subject: "/O=sigstore.test/CN=root", keys: stranger, extensions: AUTHORITY });
    expect(why(await verdictOf(policy(), authority))).toContain("does not lead to an authority of the policy");
    expect(why(await verdictOf(policy(), undefined, new FakeLog()))).toContain("not signed by a log of the policy");
    addSimple(signedAt(), makeCertificate({ subject: "/", keys, extensions: fulcioExtensions(SUBJECT, ISSUER) }));
    expect(why(await verdictOf(policy()))).toContain("does not lead to an authority of the policy");
  });

  it("are refused without an entry of the log, and when a key made them", async () => {
    const payload = simplePayload(digest, REPOSITORY);
    repository.addSimpleSignatures(digest, [
      simpleSignature(keys, payload, { "dev.sigstore.cosign/certificate": certificate.toString() }),
      simpleSignature(keys, payload),
    ]);
    expect(why(await verdictOf(policy()))).toMatch(
      /nothing that the policy trusts says when it was signed.*the policy wants a certificate/,
    );
  });

  it("go by an authority, an address and a log's key, as Podman's policies name them", async () => {
    const person = makeCertificate({
      subject: "/",
      keys,
      issuer: root,
      extensions: fulcioExtensions("ann@acme.example", ISSUER),
      from: new Date(Date.now() - 2 * HOUR),
    });
    const fulcio = (subjectEmail: string): object => ({
      type: "sigstoreSigned",
      fulcio: { caPath: "/fulcio.pem", oidcIssuer: ISSUER, subjectEmail },
      rekorPublicKeyPath: "/rekor.pub",
      signedIdentity: { type: "matchRepository" },
    });
    addSimple(signedAt(), person);
    expect((await verdictOf(fulcio("ann@acme.example"))).accepted).toBe(true);
    expect(why(await verdictOf(fulcio("bob@acme.example")))).toContain("ann@acme.example has signed it, not bob@acme.example");
  });
});

it("all requirements of an entry have to be met", async () => {
  const policy = await parsePolicy(JSON.stringify({ default: [{ type: "insecureAcceptAnything" }, { type: "reject" }] }), async () =>
    Buffer.alloc(0),
  );
  const verdict = await judge(policy, "/p", { reference: parseReference("x"), manifest: { digest, bytes }, source: repository }, never);
  expect(verdict).toMatchObject({ accepted: false, requirements: [{ accepted: true }, { accepted: false }] });
});
