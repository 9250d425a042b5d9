import type { OptionRow } from "./row.ts";

/** Where the API is served, and to whom. */
export const apiOptions = {
  "api-cors-header": { type: "string", help: "", hidden: true },
  "authorization-plugin": { key: "authorization-plugins", type: "list", help: "Plugins that are asked before each request" },
  group: { short: "G", type: "string", help: "Group that may use the unix socket", default: "docker", ready: true },
  host: {
    short: "H",
    key: "hosts",
    type: "list",
    help: "Where to listen: unix://PATH, tcp://HOST:PORT or fd://",
    default: "unix:///run/dhow/dhow.sock",
    ready: true,
  },
  "min-api-version": { type: "string", help: "Oldest API version that is answered", default: "1.24", ready: true },
  tls: { type: "bool", help: "TLS on TCP; --tlsverify implies it", ready: true },
  tlscacert: { type: "string", help: "CA that client certificates have to be signed by", default: "~/.docker/ca.pem", ready: true },
  tlscert: { type: "string", help: "The daemon's certificate", default: "~/.docker/cert.pem", ready: true },
  tlskey: { type: "string", help: "The certificate's key", default: "~/.docker/key.pem", ready: true },
  tlsverify: { type: "bool", help: "TLS on TCP, for clients with a certificate only", ready: true },
} as const satisfies Record<string, OptionRow>;
