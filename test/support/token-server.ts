import { createPrivateKey, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { makeCertificate } from "#http/test-certificates.ts";

const SECONDS = 300;

/** A token server as registries know them (distribution token specification): who knows the password may do everything that he asks for. */
export class TokenServer implements AsyncDisposable {
  readonly certificate = makeCertificate({ name: "tokens" });
  readonly issuer = "tokens";
  readonly service = "registry";
  /** Scopes that were asked for, and by whom. */
  readonly seen: { readonly scopes: string[]; readonly user: string | undefined }[] = [];
  readonly #server: http.Server;

  private constructor(server: http.Server) {
    this.#server = server;
  }

  static async start(user = "user", password = "secret"): Promise<TokenServer> {
    const expected = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    const server = http.createServer((request, response) => {
      const { authorization } = request.headers;
      const scopes = new URL(request.url ?? "", "http://x").searchParams.getAll("scope");
      tokens.seen.push({ scopes, user: authorization === undefined ? undefined : user });
      const isKnown = authorization === expected;
      if (authorization !== undefined && !isKnown) {
        response.writeHead(401).end(JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "incorrect username or password" }] }));
        return;
      }
      response.end(JSON.stringify({ token: tokens.#token(isKnown ? user : "", isKnown ? scopes : []) }));
    });
    const tokens = new TokenServer(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return tokens;
  }

  get realm(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/token`;
  }

  #token(subject: string, scopes: readonly string[]): string {
    const now = Math.floor(Date.now() / 1000);
    const access = scopes.map((scope) => {
      const [type, ...rest] = scope.split(":");
      return { type, name: rest.slice(0, -1).join(":"), actions: (rest.at(-1) ?? "").split(",") };
    });
    const der = this.certificate.cert.replaceAll(/-----[A-Z ]+-----|\s/g, "");
    const header = { typ: "JWT", alg: "ES256", x5c: [der] };
    const claims = {
      iss: this.issuer,
      sub: subject,
      aud: this.service,
      exp: now + SECONDS,
      nbf: now - SECONDS,
      iat: now,
      jti: randomUUID(),
      access,
    };
    const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const key = { key: createPrivateKey(this.certificate.key), dsaEncoding: "ieee-p1363" } as const;
    return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
