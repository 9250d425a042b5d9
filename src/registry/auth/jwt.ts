import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "#lib/atomic-file.ts";
import { isMissing } from "../storage/durable-files.ts";

/** What a token says, as far as this registry writes and reads it. Times in seconds since 1970. */
export interface Claims {
  readonly iss: string;
  readonly aud: string;
  /** The user; empty for somebody unknown. */
  readonly sub: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly jti: string;
  readonly [claim: string]: unknown;
}

const LONGEST_TOKEN = 8192;
/** Fixed on both sides: an algorithm is what this server uses, never what a token says (`none`, HS256 with the public key …). */
const SIGNING = { dsaEncoding: "ieee-p1363" } as const;

/** Signs and reads tokens with a key that nobody else has. */
export class TokenSigner {
  readonly #private: KeyObject;
  readonly #public: KeyObject;
  readonly #header: string;

  constructor(privateKey: KeyObject) {
    this.#private = privateKey;
    this.#public = createPublicKey(privateKey);
    const der = this.#public.export({ type: "spki", format: "der" });
    const kid = createHash("sha256").update(der).digest("base64url").slice(0, 16);
    this.#header = encode({ typ: "JWT", alg: "ES256", kid });
  }

  /** Reads the key, or makes it: a new one ends every token there is. */
  static async open(path: string): Promise<TokenSigner> {
    try {
      return new TokenSigner(createPrivateKey(await readFile(path)));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await writeFileAtomic(path, privateKey.export({ type: "pkcs8", format: "pem" }), 0o600);
    return new TokenSigner(privateKey);
  }

  sign(claims: Claims): string {
    const signed = `${this.#header}.${encode(claims)}`;
    return `${signed}.${sign("sha256", Buffer.from(signed), { key: this.#private, ...SIGNING }).toString("base64url")}`;
  }

  /**
   * The claims of a token of ours that is good now and for this audience. Undefined for every other: why is nobody's business who has made
   * it up. The header has to be ours to the byte, so that nothing in it is ever interpreted (CVE-2025-24976: a key in it was).
   */
  read(token: string, { issuer, audience, now }: { issuer: string; audience: string; now: number }): Claims | undefined {
    const [header, body, signature, ...rest] = token.length > LONGEST_TOKEN ? [] : token.split(".");
    if (header !== this.#header || body === undefined || signature === undefined || rest.length > 0) return undefined;
    const key = { key: this.#public, ...SIGNING };
    if (!verify("sha256", Buffer.from(`${header}.${body}`), key, Buffer.from(signature, "base64url"))) return undefined;
    const claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Claims;
    const isOurs = claims.iss === issuer && claims.aud === audience;
    return isOurs && claims.nbf <= now && now < claims.exp ? claims : undefined;
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
