/** For tests: signers of every kind, and a repository in memory for what they make. */
import { execFileSync } from "node:child_process";
import { constants, createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Digest } from "#spec/digest.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { Referrer, SignatureSource, Verdict } from "./contract.ts";
import { judge, type Judged } from "./judge.ts";
import { parsePolicy } from "./policy/parse-policy.ts";

export const digestOf = (bytes: Uint8Array): Digest => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString("base64");

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const ecKeys = (): KeyPair => generateKeyPairSync("ec", { namedCurve: "P-256" });
export const rsaKeys = (): KeyPair => generateKeyPairSync("rsa", { modulusLength: 2048 });
export const ed25519Keys = (): KeyPair => generateKeyPairSync("ed25519");
export const pemOf = ({ publicKey }: KeyPair): string => String(publicKey.export({ type: "spki", format: "pem" }));

/** As ECDSA and RSA (PKCS #1) sign with SHA-256, and Ed25519 with its own. */
export function signedBy({ privateKey }: KeyPair, bytes: Uint8Array): Buffer {
  return sign(privateKey.asymmetricKeyType === "ed25519" ? null : "sha256", bytes, privateKey);
}

/** A repository, as far as signatures go. Counts what is asked of it. */
export class FakeRepository implements SignatureSource {
  readonly manifests = new Map<string, Buffer>();
  readonly blobs = new Map<string, Buffer>();
  readonly about = new Map<string, Referrer[]>();
  pageSize = 100;
  asked = 0;

  async manifest(tagOrDigest: string, limit: number): Promise<Buffer | undefined> {
    this.asked++;
    const bytes = this.manifests.get(tagOrDigest);
    if (bytes !== undefined && bytes.length > limit) throw new EngineError("too-large", `it is over ${limit} bytes`);
    return bytes;
  }

  async *referrers(subject: Digest, _artifactType: string): AsyncGenerator<readonly Referrer[]> {
    const all = this.about.get(subject) ?? [];
    for (let at = 0; at < all.length; at += this.pageSize) {
      this.asked++;
      yield all.slice(at, at + this.pageSize);
    }
  }

  async blob(digest: Digest): Promise<Buffer> {
    this.asked++;
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) throw new EngineError("not-found", `${digest} is not in the repository`);
    return bytes;
  }

  /** Under cosign's tag for the image. Several are layers of one manifest. */
  addSimpleSignatures(
    image: Digest,
    signatures: readonly { readonly payload: Buffer; readonly annotations: Record<string, string> }[],
  ): void {
    const layers = signatures.map(({ payload, annotations }) =>
      this.#layer(payload, "application/vnd.dev.cosign.simplesigning.v1+json", annotations),
    );
    this.manifests.set(`${image.replace(":", "-")}.sig`, Buffer.from(JSON.stringify({ schemaVersion: 2, layers })));
  }

  /** As a referrer of the image. */
  addReferrer(image: Digest, artifactType: string, bytes: Buffer, mediaType: string = artifactType): void {
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, artifactType, layers: [this.#layer(bytes, mediaType)] }));
    this.manifests.set(digestOf(manifest), manifest);
    this.about.set(image, [...(this.about.get(image) ?? []), { digest: digestOf(manifest), artifactType }]);
  }

  #layer(bytes: Buffer, mediaType: string, annotations?: Record<string, string>): object {
    this.blobs.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length, ...(annotations === undefined ? {} : { annotations }) };
  }
}

/** What cosign signs of an image in its older form. */
export function simplePayload(digest: string, reference: string, more: object = {}): Buffer {
  const critical = {
    identity: { "docker-reference": reference },
    image: { "docker-manifest-digest": digest },
    type: "cosign container image signature",
    ...more,
  };
  return Buffer.from(JSON.stringify({ critical, optional: null }));
}

export function simpleSignature(
  keys: KeyPair,
  payload: Buffer,
  more: Record<string, string> = {},
): { payload: Buffer; annotations: Record<string, string> } {
  return { payload, annotations: { "dev.cosignproject.cosign/signature": base64(signedBy(keys, payload)), ...more } };
}

/** A log like Rekor: signs that it has an entry. */
export class FakeLog {
  readonly keys = ecKeys();

  get id(): Buffer {
    return createHash("sha256")
      .update(this.keys.publicKey.export({ type: "spki", format: "der" }))
      .digest();
  }

  entryOf(body: object, at: Date): { body: string; integratedTime: number; logID: string; logIndex: number } {
    return {
      body: base64(JSON.stringify(body)),
      integratedTime: Math.floor(at.getTime() / 1000),
      logID: this.id.toString("hex"),
      logIndex: 7,
    };
  }

  /** The keys of an entry are in the order that canonical JSON has them in. */
  promise(entry: object): string {
    return base64(signedBy(this.keys, Buffer.from(JSON.stringify(entry))));
  }

  /** The annotation of cosign's older form. */
  annotation(signature: string, payload: Buffer, at: Date): string {
    const entry = this.entryOf(hashedRecord(signature, payload), at);
    return JSON.stringify({ SignedEntryTimestamp: this.promise(entry), Payload: entry });
  }

  /** As a bundle has it. */
  bundled(kind: string, body: object, at: Date): object {
    const entry = this.entryOf(body, at);
    return {
      logIndex: String(entry.logIndex),
      logId: { keyId: this.id.toString("base64") },
      kindVersion: { kind, version: "0.0.1" },
      integratedTime: String(entry.integratedTime),
      inclusionPromise: { signedEntryTimestamp: this.promise(entry) },
      canonicalizedBody: entry.body,
    };
  }
}

function hashedRecord(signature: string, payload: Buffer): object {
  const hash = { algorithm: "sha256", value: createHash("sha256").update(payload).digest("hex") };
  return { apiVersion: "0.0.1", kind: "hashedrekord", spec: { data: { hash }, signature: { content: signature } } };
}

const STATEMENT = "application/vnd.in-toto+json";

export interface StatementOptions {
  readonly name?: string;
  readonly predicateType?: string;
}

/** A bundle as cosign 3 makes it: a statement about a digest in an envelope. @param log also enters it there, of which bundles of this form alone have a proof. */
export function statementBundle(
  keys: KeyPair,
  digest: Digest,
  { name, predicateType = "https://sigstore.dev/cosign/sign/v1" }: StatementOptions = {},
  vouched?: { readonly certificate: X509Certificate; readonly log: FakeLog; readonly at: Date },
): Buffer {
  const subject = [{ ...(name === undefined ? {} : { name }), digest: { sha256: digest.slice("sha256:".length) } }];
  const payload = Buffer.from(JSON.stringify({ _type: "https://in-toto.io/Statement/v1", subject, predicateType, predicate: {} }));
  const signature = base64(signedBy(keys, Buffer.from(`DSSEv1 ${STATEMENT.length} ${STATEMENT} ${payload.length} ${payload.toString()}`)));
  const payloadHash = { algorithm: "sha256", value: createHash("sha256").update(payload).digest("hex") };
  const body = { apiVersion: "0.0.1", kind: "dsse", spec: { payloadHash, signatures: [{ signature }] } };
  const material =
    vouched === undefined
      ? { publicKey: { hint: "" }, tlogEntries: [] }
      : {
          x509CertificateChain: { certificates: [{ rawBytes: base64(vouched.certificate.raw) }] },
          tlogEntries: [vouched.log.bundled("dsse", body, vouched.at)],
        };
  return Buffer.from(
    JSON.stringify({
      mediaType:
        vouched === undefined ? "application/vnd.dev.sigstore.bundle.v0.3+json" : "application/vnd.dev.sigstore.bundle+json;version=0.1",
      verificationMaterial: material,
      dsseEnvelope: { payload: base64(payload), payloadType: STATEMENT, signatures: [{ sig: signature, keyid: "" }] },
    }),
  );
}

export interface CertificateRequest {
  /** `/C=US/ST=WA/O=Acme`. */
  readonly subject: string;
  readonly keys: KeyPair;
  /** Undefined signs itself. */
  readonly issuer?: { readonly certificate: X509Certificate; readonly keys: KeyPair };
  readonly from?: Date;
  readonly to?: Date;
  /** Lines of an extension section of openssl's. */
  readonly extensions: readonly string[];
}

export const AUTHORITY = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign", "subjectKeyIdentifier=hash"];
export const SIGNER = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "extendedKeyUsage=codeSigning"];

/** As Fulcio gives them out, for an address or a URL that an issuer vouches for. */
export const fulcioExtensions = (subject: string, issuer: string): string[] => [
  "keyUsage=critical,digitalSignature",
  "extendedKeyUsage=codeSigning",
  `subjectAltName=critical,${subject.includes("://") ? "URI" : "email"}:${subject}`,
  `1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:${issuer}`,
];

const stamp = (date: Date): string =>
  date
    .toISOString()
    .replaceAll(/[-:T]/g, "")
    .replace(/\.\d+Z$/, "Z");
const HOUR = 3_600_000;

/** Made by openssl: Node makes no certificates. */
export function makeCertificate({ subject, keys, issuer, extensions, ...times }: CertificateRequest): X509Certificate {
  const folder = mkdtempSync(join(tmpdir(), "dhow-ca-"));
  try {
    const at = (name: string): string => join(folder, name);
    const pem = (key: KeyObject): string => String(key.export({ type: "pkcs8", format: "pem" }));
    writeFileSync(at("key"), pem(keys.privateKey));
    writeFileSync(at("issuer-key"), pem((issuer?.keys ?? keys).privateKey));
    const base = `[ca]\ndefault_ca=own\n[own]\ndatabase=${at("index")}\nserial=${at("serial")}\nnew_certs_dir=${folder}\ndefault_md=sha256\npolicy=any\nunique_subject=no\n`;
    const policy =
      "[any]\ncountryName=optional\nstateOrProvinceName=optional\norganizationName=optional\norganizationalUnitName=optional\ncommonName=optional\n";
    writeFileSync(at("config"), `${base}${policy}[req]\ndistinguished_name=none\n[none]\n[extensions]\n${extensions.join("\n")}\n`);
    writeFileSync(at("index"), "");
    writeFileSync(
      at("serial"),
      createHash("sha256")
        .update(subject + String(Math.random()))
        .digest("hex")
        .slice(0, 16),
    );
    const run = (...words: string[]): void => void execFileSync("openssl", words, { stdio: "pipe" });
    run("req", "-new", "-key", at("key"), "-subj", subject, "-config", at("config"), "-out", at("request"));
    if (issuer !== undefined) writeFileSync(at("issuer"), issuer.certificate.toString());
    const signer = issuer === undefined ? ["-selfsign", "-keyfile", at("key")] : ["-cert", at("issuer"), "-keyfile", at("issuer-key")];
    const [from, to] = [times.from ?? new Date(Date.now() - HOUR), times.to ?? new Date(Date.now() + HOUR)];
    const validity = ["-startdate", stamp(from), "-enddate", stamp(to)];
    run(
      "ca",
      "-batch",
      "-notext",
      "-preserveDN",
      "-config",
      at("config"),
      ...signer,
      ...validity,
      "-extensions",
      "extensions",
      "-in",
      at("request"),
      "-out",
      at("made"),
    );
    return new X509Certificate(readFileSync(at("made")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A trusted root as Sigstore gives them out, of one authority and one log. */
export function trustedRoot(authorities: readonly X509Certificate[], log: FakeLog): string {
  const validFor = { start: "2020-01-01T00:00:00Z" };
  return JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    certificateAuthorities: [
      { subject: {}, uri: "", certChain: { certificates: authorities.map(({ raw }) => ({ rawBytes: base64(raw) })) }, validFor },
    ],
    tlogs: [
      {
        baseUrl: "",
        hashAlgorithm: "SHA2_256",
        publicKey: {
          rawBytes: base64(log.keys.publicKey.export({ type: "spki", format: "der" })),
          keyDetails: "PKIX_ECDSA_P256_SHA_256",
          validFor,
        },
        logId: { keyId: log.id.toString("base64") },
      },
    ],
    ctlogs: [],
    timestampAuthorities: [],
  });
}

export interface NotationOptions {
  readonly alg?: string;
  readonly expiry?: Date;
  readonly crit?: readonly string[];
  readonly scheme?: string;
  readonly cty?: string;
}

const SCHEME = "io.cncf.notary.signingScheme";
const EXPIRY = "io.cncf.notary.expiry";

/** A JWS envelope as `notation sign` makes it. */
export function notationEnvelope(keys: KeyPair, chain: readonly X509Certificate[], digest: string, options: NotationOptions = {}): Buffer {
  const isRsa = keys.privateKey.asymmetricKeyType === "rsa";
  const header = {
    alg: options.alg ?? (isRsa ? "PS256" : "ES256"),
    cty: options.cty ?? "application/vnd.cncf.notary.payload.v1+json",
    crit: options.crit ?? [SCHEME, ...(options.expiry === undefined ? [] : [EXPIRY])],
    [SCHEME]: options.scheme ?? "notary.x509",
    "io.cncf.notary.signingTime": new Date().toISOString(),
    ...(options.expiry === undefined ? {} : { [EXPIRY]: options.expiry.toISOString() }),
  };
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const [head, payload] = [
    encode(header),
    encode({ targetArtifact: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 1 } }),
  ];
  const key = createPrivateKey(keys.privateKey.export({ type: "pkcs8", format: "pem" }));
  const way = isRsa ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : { key, dsaEncoding: "ieee-p1363" as const };
  const signature = sign("sha256", Buffer.from(`${head}.${payload}`), way).toString("base64url");
  return Buffer.from(JSON.stringify({ payload, protected: head, header: { x5c: chain.map(({ raw }) => base64(raw)) }, signature }));
}

/** What a policy of one requirement says of an image; its files are what they are called. */
export async function judgedBy(requirement: object, files: Readonly<Record<string, string>>, image: Judged): Promise<Verdict> {
  const policy = await parsePolicy(JSON.stringify({ default: [requirement] }), async (path) => Buffer.from(files[path] ?? ""));
  return judge(policy, "/policy.json", image, new AbortController().signal);
}

/** Why each signature counted, or did not. */
export const findingsOf = ({ requirements }: Verdict): string =>
  requirements.flatMap(({ findings }) => findings.map(({ because }) => because)).join("; ");
