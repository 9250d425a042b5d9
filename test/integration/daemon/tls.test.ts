import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { freePort } from "../../support/registry.ts";

/** Certificates of a CA of our own, of a stranger's, and one that has expired. */
const folder = mkdtempSync(join(tmpdir(), "tls-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const openssl = (...parameters: string[]): void => void execFileSync("openssl", parameters, { cwd: folder, stdio: "ignore" });

function authority(name: string): void {
  openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    `${name}-key.pem`,
    "-out",
    `${name}.pem`,
    "-subj",
    `/CN=${name}`,
    "-days",
    "30",
  );
}

function certificate(name: string, by: string, extensions: string, days = "30"): void {
  openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", `${name}-key.pem`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
  execFileSync("sh", ["-c", `printf '%s' '${extensions}' >${name}.ext`], { cwd: folder });
  openssl(
    "x509",
    "-req",
    "-in",
    `${name}.csr`,
    "-CA",
    `${by}.pem`,
    "-CAkey",
    `${by}-key.pem`,
    "-CAcreateserial",
    "-out",
    `${name}.pem`,
    "-extfile",
    `${name}.ext`,
    "-days",
    days,
  );
}

authority("ca");
authority("stranger");
certificate("server", "ca", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth");
certificate("client", "ca", "extendedKeyUsage=clientAuth");
certificate("foreign", "stranger", "extendedKeyUsage=clientAuth");
certificate("misused", "ca", "extendedKeyUsage=serverAuth");
certificate("expired", "ca", "extendedKeyUsage=clientAuth", "-1");
chmodSync(join(folder, "server-key.pem"), 0o600);

const port = await freePort();
const flags = [
  "-H",
  `tcp://127.0.0.1:${port}`,
  "--tlsverify",
  "--tlscacert",
  join(folder, "ca.pem"),
  "--tlscert",
  join(folder, "server.pem"),
  "--tlskey",
  join(folder, "server-key.pem"),
];
useDaemon({ flags });

const pem = (name: string): Buffer => readFileSync(join(folder, name));

/** Status of a ping with this client certificate, or the failure of the handshake. */
function ping(client: string | undefined, more: object = {}): Promise<string> {
  return new Promise((resolve) => {
    const credentials = client === undefined ? {} : { cert: pem(`${client}.pem`), key: pem(`${client}-key.pem`) };
    const sent = request(
      { host: "127.0.0.1", port, path: "/_ping", ca: pem("ca.pem"), ...credentials, ...more, agent: false },
      (answer) => {
        answer.resume();
        resolve(String(answer.statusCode));
      },
    );
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end();
  });
}

describe("P32: TCP with mutual TLS", () => {
  it("lets a client of our authority in", async () => {
    expect(await ping("client")).toBe("200");
  });

  it.each([undefined, "foreign", "misused", "expired"])("refuses certificate %s", async (client) => {
    expect(await ping(client)).not.toBe("200");
  });

  it("refuses TLS 1.1", async () => {
    expect(await ping("client", { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" })).not.toBe("200");
  });
});
