import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeCertificate, makeRevocationList } from "#http/test-certificates.ts";
import { loadTls } from "./tls-files.ts";

let folder: string;
const write = (name: string, text: string, mode = 0o600): string => {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
  return join(folder, name);
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tls-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const authority = makeCertificate({ name: "ca", ca: true });
const server = makeCertificate({ name: "server", issuer: authority, use: "server" });

test("reads certificate, key and authority, and revocations out of the authority's file", () => {
  const cert = write("cert.pem", server.cert);
  const key = write("key.pem", server.key);
  const list = makeRevocationList(authority, [server]);
  const clientCa = write("ca.pem", `a comment\n${authority.cert}\n${list}`);
  const material = loadTls({ clientCa, cert, key });
  expect(material.identity.ca?.trim()).toBe(authority.cert.trim());
  expect(material.revoked?.trim()).toBe(list.trim());
  expect(loadTls({ clientCa: undefined, cert, key })).toMatchObject({ identity: { ca: undefined }, revoked: undefined });
});

test("refuses what would make every handshake fail, or let too many succeed", () => {
  const cert = write("cert.pem", server.cert);
  const key = write("key.pem", server.key);
  const load = (files: { clientCa?: string; cert?: string; key?: string }) => () => loadTls({ clientCa: undefined, cert, key, ...files });
  expect(load({ cert: "/nowhere/cert.pem" })).toThrow(/^invalid TLS configuration: .*\/nowhere\/cert\.pem/);
  expect(load({ key: write("open.pem", server.key, 0o644) })).toThrow("open.pem can be read by others (mode 0644): want 0600");
  expect(load({ key: write("group.pem", server.key, 0o640) })).toThrow("(mode 0640)");
  expect(load({ key: write("other.pem", authority.key) })).toThrow("invalid TLS configuration");
  expect(load({ cert: write("junk.pem", "junk") })).toThrow("invalid TLS configuration");
  expect(load({ clientCa: write("empty.pem", "") })).toThrow("empty.pem holds no certificate");
  const foreign = write("foreign.pem", server.key);
  chownSync(foreign, 65534, 0);
  expect(load({ key: foreign })).toThrow("belongs to user 65534");
});
