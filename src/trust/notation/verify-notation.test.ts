import type { X509Certificate } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseReference } from "#spec/reference.ts";
import type { Verdict } from "../contract.ts";
import {
  AUTHORITY,
  digestOf,
  ecKeys,
  FakeRepository,
  findingsOf as why,
  judgedBy,
  type KeyPair,
  makeCertificate,
  notationEnvelope,
  rsaKeys,
  SIGNER,
} from "../testing.ts";

const NOTATION = "application/vnd.cncf.notary.signature";
const bytes = Buffer.from('{"schemaVersion":2,"config":{}}');
const digest = digestOf(bytes);
const other = digestOf(Buffer.from("other"));
const HOUR = 3_600_000;

let repository: FakeRepository;
beforeEach(() => {
  repository = new FakeRepository();
});

const judged = (requirement: object, files: Record<string, string>): Promise<Verdict> =>
  judgedBy(requirement, files, {
    reference: parseReference("registry.example/acme/app:v1"),
    manifest: { digest, bytes },
    source: repository,
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
