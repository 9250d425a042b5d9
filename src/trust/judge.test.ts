import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
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
  fulcioExtensions,
  type KeyPair,
  makeCertificate,
  notationEnvelope,
  pemOf,
  rsaKeys,
  signedBy,
  SIGNER,
  simplePayload,
  simpleSignature,
  statementBundle,
  trustedRoot,
} from "./testing.ts";
import type { X509Certificate } from "node:crypto";

const REPOSITORY = "registry.example/acme/app";
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const NOTATION = "application/vnd.cncf.notary.signature";
const bytes = Buffer.from('{"schemaVersion":2,"config":{}}');
const digest = digestOf(bytes);
const other = digestOf(Buffer.from("other"));
const never = new AbortController().signal;
const HOUR = 3_600_000;

let repository: FakeRepository;
beforeEach(() => {
  repository = new FakeRepository();
});

/** Judges the image by a policy of one requirement; its files are what they are called. */
async function judged(requirement: object, files: Record<string, string> = {}, reference = `${REPOSITORY}:v1`): Promise<Verdict> {
  const text = JSON.stringify({ default: [requirement] });
  const policy = await parsePolicy(text, async (path) => Buffer.from(files[path] ?? ""));
  return judge(policy, "/policy.json", { reference: parseReference(reference), manifest: { digest, bytes }, source: repository }, never);
}

const why = ({ requirements }: Verdict): string =>
  requirements.flatMap(({ findings }) => findings.map(({ because }) => because)).join("; ");

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

describe("Notation's signatures", () => {
  const SUBJECT = "/C=US/ST=WA/O=Acme/CN=signer";
  const IDENTITY = "x509.subject: C=US, ST=WA, O=Acme";
  let root: { certificate: X509Certificate; keys: KeyPair };
  let signer: { certificate: X509Certificate; keys: KeyPair };
  beforeAll(() => {
    const [rootKeys, keys] = [ecKeys(), ecKeys()];
    root = {
      keys: rootKeys,
      certificate: makeCertificate({ subject: "/C=US/ST=WA/O=Acme/CN=root", keys: rootKeys, extensions: AUTHORITY }),
    };
    signer = { keys, certificate: makeCertificate({ subject: SUBJECT, keys, issuer: root, extensions: SIGNER }) };
  });
  afterAll(() => undefined);
  const policy = (trustedIdentities: string[] = [IDENTITY]): object => ({
    type: "notationSigned",
    trustStorePath: "/store.pem",
    trustedIdentities,
  });
  const add = (envelope: Buffer, mediaType = "application/jose+json"): void =>
    repository.addReferrer(digest, NOTATION, envelope, mediaType);
  const verdictOf = (requirement = policy(), store = root.certificate): Promise<Verdict> =>
    judged(requirement, { "/store.pem": store.toString() });
  const envelope = (...more: unknown[]): Buffer =>
    notationEnvelope(signer.keys, [signer.certificate, root.certificate], digest, ...(more as []));

  it.each<[string, () => KeyPair]>([
    ["ECDSA", ecKeys],
    ["RSA-PSS", rsaKeys],
  ])("of %s are accepted, with the root in the chain or without", async (_, make) => {
    const keys = make();
    const certificate = makeCertificate({ subject: SUBJECT, keys, issuer: root, extensions: SIGNER });
    for (const chain of [[certificate, root.certificate], [certificate]]) {
      repository = new FakeRepository();
      add(notationEnvelope(keys, chain, digest));
      expect((await verdictOf()).accepted).toBe(true);
    }
    expect((await verdictOf(policy(["*"]))).accepted).toBe(true);
  });

  it.each<[string, () => Buffer, string]>([
    ["for another digest", () => notationEnvelope(signer.keys, [signer.certificate], other), `it was made for ${other}`],
    [
      "by another key than the certificate's",
      () => notationEnvelope(ecKeys(), [signer.certificate], digest),
      "its signature is not by its certificate",
    ],
    ["that have expired", () => envelope({ expiry: new Date(Date.now() - 1000) }), "it has expired"],
    [
      "with an expiry that need not be read",
      () => envelope({ expiry: new Date(Date.now() + HOUR), crit: ["io.cncf.notary.signingScheme"] }),
      "is not critical",
    ],
    [
      "with something critical that nobody here knows",
      () => envelope({ crit: ["io.cncf.notary.signingScheme", "x"] }),
      "not understood here: x",
    ],
    ["of an algorithm that does not go with the key", () => envelope({ alg: "ES512" }), "does not go with the certificate's key"],
    ["of no algorithm", () => envelope({ alg: "none" }), "its algorithm is none"],
    ["of something that is no image", () => envelope({ cty: "text/plain" }), "what it signs is not"],
    ["that are no JSON", () => Buffer.from("{"), "its envelope is not JSON"],
  ])("%s are refused", async (_, make, expected) => {
    add(make());
    const verdict = await verdictOf();
    expect([verdict.accepted, why(verdict)]).toEqual([false, expect.stringContaining(expected)]);
  });

  it("are refused with a certificate that has expired, is not for signing, or is of a stranger or another identity", async () => {
    const cases: [Partial<Parameters<typeof makeCertificate>[0]>, string][] = [
      [{ from: new Date(Date.now() - 2 * HOUR), to: new Date(Date.now() - HOUR) }, "has expired on"],
      [{ extensions: [...SIGNER.slice(0, 2), "extendedKeyUsage=serverAuth"] }, "is not for signing code"],
      [{ subject: "/C=US/ST=WA/O=Evil/CN=signer" }, "who is no trusted identity"],
      [{ subject: "/C=US/ST=WA/O=Acme/OU=a/OU=b" }, "who is no trusted identity"],
    ];
    for (const [more, expected] of cases) {
      repository = new FakeRepository();
      const certificate = makeCertificate({ subject: SUBJECT, keys: signer.keys, issuer: root, extensions: SIGNER, ...more });
      add(notationEnvelope(signer.keys, [certificate, root.certificate], digest));
      const verdict = await verdictOf();
      expect([verdict.accepted, why(verdict)]).toEqual([false, expect.stringContaining(expected)]);
    }
  });

  it("are refused when the chain leads elsewhere, or through a certificate that is no authority's", async () => {
    const keys = ecKeys();
    const stranger = makeCertificate({ subject: "/C=US/ST=WA/O=Acme/CN=root", keys, extensions: AUTHORITY });
    add(envelope());
    expect(why(await verdictOf(policy(), stranger))).toContain("leads to no certificate of the trust store");
    repository = new FakeRepository();
    const below = makeCertificate({ subject: SUBJECT, keys, issuer: signer, extensions: SIGNER });
    add(notationEnvelope(keys, [below, signer.certificate, root.certificate], digest));
    expect((await verdictOf()).accepted).toBe(false);
  });

  it("say what a COSE envelope is in the way of", async () => {
    add(Buffer.from([0xd2]), "application/cose");
    expect(why(await verdictOf())).toContain("sign with --signature-format jws");
  });
});

it("all requirements of an entry have to be met", async () => {
  const policy = await parsePolicy(JSON.stringify({ default: [{ type: "insecureAcceptAnything" }, { type: "reject" }] }), async () =>
    Buffer.alloc(0),
  );
  const verdict = await judge(policy, "/p", { reference: parseReference("x"), manifest: { digest, bytes }, source: repository }, never);
  expect(verdict).toMatchObject({ accepted: false, requirements: [{ accepted: true }, { accepted: false }] });
});
