/** For tests: X.509 certificates made on the spot, so that no key lies in the repository and none expires there. */
import { type KeyObject, createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly name: string;
}

export interface CertificateRequest {
  readonly name: string;
  /** Signs itself when absent. */
  readonly issuer?: Certificate;
  readonly ca?: boolean;
  readonly use?: "client" | "server";
  /** Days from now. */
  readonly from?: number;
  readonly until?: number;
}

const DAY_MS = 86_400_000;
const ECDSA_SHA256 = sequence(oid("06082a8648ce3d040302"));
const USES = { server: oid("06082b06010505070301"), client: oid("06082b06010505070302") };

/** Names `localhost` and 127.0.0.1 are in every certificate. */
export function makeCertificate(request: CertificateRequest): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuerKey = request.issuer === undefined ? privateKey : createPrivateKey(request.issuer.key);
  const body = toBeSigned(request, publicKey);
  const signature = tlv(0x03, Buffer.from([0]), sign("sha256", body, issuerKey));
  return {
    cert: pem("CERTIFICATE", sequence(body, ECDSA_SHA256, signature)),
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    name: request.name,
  };
}

/** A list of the certificates that a CA takes back, by PEM. */
export function makeRevocationList(issuer: Certificate, revoked: readonly Certificate[]): string {
  const entries = revoked.map(({ cert }) => sequence(serialOf(cert), time(-1)));
  const list = entries.length === 0 ? [] : [sequence(...entries)];
  const body = sequence(integer(1), ECDSA_SHA256, name(issuer.name), time(-1), time(1), ...list);
  return pem("X509 CRL", sequence(body, ECDSA_SHA256, tlv(0x03, Buffer.from([0]), sign("sha256", body, createPrivateKey(issuer.key)))));
}

function toBeSigned(request: CertificateRequest, publicKey: KeyObject): Buffer {
  const serial = tlv(0x02, Buffer.concat([Buffer.from([0x10]), randomBytes(8)]));
  return sequence(
    tlv(0xa0, integer(2)),
    serial,
    ECDSA_SHA256,
    name(request.issuer?.name ?? request.name),
    sequence(time(request.from ?? -1), time(request.until ?? 1)),
    name(request.name),
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(...extensions(request))),
  );
}

function extensions({ ca = false, use }: CertificateRequest): Buffer[] {
  const names = sequence(tlv(0x82, Buffer.from("localhost")), tlv(0x87, Buffer.from([127, 0, 0, 1])));
  const basic = ca ? sequence(Buffer.from([0x01, 0x01, 0xff])) : sequence();
  const all = [extension("0603551d13", basic), extension("0603551d11", names)];
  return use === undefined ? all : [...all, extension("0603551d25", sequence(USES[use]))];
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), tlv(0x04, value));
}

function name(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(oid("0603550403"), tlv(0x0c, Buffer.from(commonName)))));
}

/** UTCTime holds the years up to 2049. */
function time(days: number): Buffer {
  const text = new Date(Date.now() + days * DAY_MS).toISOString().replace(/\D/g, "").slice(2, 14);
  return tlv(0x17, Buffer.from(`${text}Z`));
}

/** The first INTEGER behind the version is the serial number; both have short forms here. */
function serialOf(cert: string): Buffer {
  const der = Buffer.from(cert.replace(/-----.*-----|\s/g, ""), "base64");
  const start = der.indexOf(Buffer.from([0xa0, 0x03, 0x02, 0x01, 0x02])) + 5;
  return der.subarray(start, start + 2 + (der[start + 1] ?? 0));
}

function integer(value: number): Buffer {
  return tlv(0x02, Buffer.from([value]));
}

function oid(hex: string): Buffer {
  return Buffer.from(hex, "hex");
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, ...parts);
}

function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const length =
    value.length < 0x80 ? [value.length] : value.length < 0x100 ? [0x81, value.length] : [0x82, value.length >> 8, value.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

function pem(label: string, der: Buffer): string {
  return `-----BEGIN ${label}-----\n${der.toString("base64").replace(/.{64}(?=.)/g, "$&\n")}\n-----END ${label}-----\n`;
}
