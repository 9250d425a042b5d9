import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeCertificate, type Certificate } from "#http/test-certificates.ts";
import { endpointsOf } from "../session/endpoint.ts";
import { RegistrySession } from "../session/session.ts";
import { loadTlsProfile } from "./tls.ts";
import { Transport } from "./transport.ts";

const folder = mkdtempSync(path.join(tmpdir(), "dhow-tls-"));
const certificates = path.join(folder, "certs.d");

let server: https.Server;
let host: string;
let client: Certificate;
let own: Certificate;
const seen: string[] = [];
const transport = new Transport({ userAgent: "test", headMs: 2000 });

beforeAll(async () => {
  client = makeCertificate({ name: "client", use: "client", ca: true });
  own = makeCertificate({ name: "server", use: "server", ca: true });
  server = https.createServer(
    { cert: own.cert, key: own.key, ca: client.cert, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      seen.push((request.socket as TLSSocket).authorized ? "known" : "unknown");
      response.end("{}");
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  rmSync(certificates, { recursive: true, force: true });
  seen.length = 0;
});
afterAll(async () => {
  transport.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

/** As for a registry that is not on this machine, where nothing is forgiven. */
async function open(at = host): Promise<RegistrySession> {
  const endpoint = { host: at, bases: [new URL(`https://${at}`)], insecure: false, local: false, mirror: false };
  const tls = await loadTlsProfile([path.join(folder, "none"), certificates], host, true);
  const deps = { transport, endpoint, tls, insecureRegistries: [], stallMs: 1000 };
  return RegistrySession.open(deps, { repository: "x", credential: { kind: "anonymous" } }, new AbortController().signal);
}

function install(files: Record<string, string>): void {
  mkdirSync(path.join(certificates, host), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(certificates, host, name), text);
}

/** A server of this machine, at an address of its loopback; gone at the end of the test. */
async function serve(
  address: string,
  options: https.ServerOptions,
  answer: http.RequestListener,
): Promise<AsyncDisposable & { host: string }> {
  const other = https.createServer(options, answer).listen(0, address);
  await once(other, "listening");
  return {
    host: `${address}:${(other.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      other.closeAllConnections();
      other.close();
      await once(other, "close");
    },
  };
}

describe("CVE-2014-5277, CVE-2025-6032: a registry with a certificate of its own", () => {
  it("is refused", async () => {
    await expect(open()).rejects.toThrow(
      expect.objectContaining({
        category: "unavailable",
        message: expect.stringContaining("x509: certificate signed by unknown authority"),
      }),
    );
    expect(seen).toEqual([]);
  });

  it("is trusted when certs.d says so", async () => {
    install({ "ca.crt": own.cert });
    await open();
    expect(seen).toEqual(["unknown"]);
  });

  it("is shown the client's certificate", async () => {
    install({ "ca.crt": own.cert, "client.cert": client.cert, "client.key": client.key });
    await open();
    expect(seen).toEqual(["known"]);
  });

  it("is refused when its certificate has expired", async () => {
    server.setSecureContext({ ...makeCertificate({ name: "server", use: "server", ca: true, from: -3, until: -1 }) });
    await expect(open()).rejects.toThrow(expect.objectContaining({ category: "unavailable" }));
    server.setSecureContext({ cert: own.cert, key: own.key, ca: client.cert });
  });

  it("is refused when its certificate is for another name", async () => {
    install({ "ca.crt": own.cert });
    // Certificates of the tests are for 127.0.0.1.
    await using other = await serve("127.0.0.2", own, (_, response) => response.end("{}"));
    await expect(open(other.host)).rejects.toThrow(expect.objectContaining({ category: "unavailable" }));
  });

  it.each(["TLSv1", "TLSv1.1"] as const)("is refused when it speaks no more than %s", async (version) => {
    install({ "ca.crt": own.cert });
    const old = { ...own, minVersion: version, maxVersion: version, ciphers: "ALL:@SECLEVEL=0" };
    await using other = await serve("127.0.0.1", old, (_, response) => response.end("{}"));
    await expect(open(other.host)).rejects.toThrow(expect.objectContaining({ category: "unavailable" }));
  });

  it("is asked for a token where it says so by the same authorities, and by no others", async () => {
    const tokens = makeCertificate({ name: "tokens", use: "server", ca: true });
    await using issuer = await serve("127.0.0.1", tokens, (_, response) => response.end('{"token":"T"}'));
    await using registry = await serve("127.0.0.1", own, ({ headers }, response) => {
      const challenge = { "WWW-Authenticate": `Bearer realm="https://${issuer.host}/token"` };
      response.writeHead(headers.authorization === "Bearer T" ? 200 : 401, challenge).end("{}");
    });
    install({ "ca.crt": own.cert });
    const get = async (): Promise<number> => {
      const session = await open(registry.host);
      return (await session.get("manifests/t", {}, new AbortController().signal)).status;
    };
    await expect(get()).rejects.toThrow("x509: certificate signed by unknown authority");
    install({ "tokens.crt": tokens.cert });
    expect(await get()).toBe(200);
  });

  it.each([["client.cert"], ["client.key"]])("is not tried with %s alone", async (name) => {
    install({ [name]: "x" });
    await expect(open()).rejects.toThrow(/missing client\.(cert|key) in/);
  });

  it("on this machine is taken as it is, after http", async () => {
    const [endpoint] = endpointsOf(host, { mirrors: [], insecureRegistries: [] });
    const tls = { authorities: [], clients: [], verify: false };
    const deps = { transport, endpoint: endpoint ?? expect.fail("no endpoint"), tls, insecureRegistries: [], stallMs: 1000 };
    await RegistrySession.open(deps, { repository: "x", credential: { kind: "anonymous" } }, new AbortController().signal);
    expect(seen).toEqual(["unknown"]);
  });
});
