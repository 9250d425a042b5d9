import { expect, test } from "vitest";
import { buildRegistry } from "./registry.ts";

const all = { "registry-htpasswd": "/users", "registry-tlscert": "/cert.pem", "registry-tlskey": "/key.pem" };

test.each([
  [{}, undefined],
  [{ "registry-addr": "127.0.0.1:5000" }, { address: { host: "127.0.0.1", port: 5000 }, htpasswd: undefined, tls: undefined }],
  [
    { "registry-addr": ":5000", ...all },
    { address: { host: "::", port: 5000 }, htpasswd: "/users", tls: { clientCa: undefined, cert: "/cert.pem", key: "/key.pem" } },
  ],
  [
    { "registry-addr": "10.0.0.1:5000", "registry-insecure": true },
    { address: { host: "10.0.0.1", port: 5000 }, htpasswd: undefined, tls: undefined },
  ],
])("%j is %j", (settings, expected) => expect(buildRegistry(settings)).toEqual(expected));

test.each([
  [{ "registry-addr": "10.0.0.1:5000" }, "who could pull every image that is here: set registry-htpasswd"],
  [{ "registry-addr": "10.0.0.1:5000", "registry-htpasswd": "/users" }, "passwords would be sent in the clear"],
  [{ "registry-addr": "10.0.0.1:5000", "registry-tlscert": "/c", "registry-tlskey": "/k" }, "set registry-htpasswd"],
  [{ "registry-addr": "5000" }, 'invalid registry-addr "5000": want HOST:PORT'],
  [{ "registry-addr": "127.0.0.1:5000", "registry-tlscert": "/c" }, "go together"],
  [{ "registry-addr": "127.0.0.1:5000", "registry-htpasswd": "users" }, "want an absolute path"],
  [all, "registry-addr is missing"],
])("%j is refused: %s", (settings, message) => expect(() => buildRegistry(settings)).toThrow(message));
