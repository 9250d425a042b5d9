import type { OptionRow } from "./row.ts";

/** The images that are here, served as a registry. Ours. */
export const registryOptions = {
  "registry-addr": {
    within: "registry",
    key: "addr",
    type: "string",
    help: "Serve the images that are here as a registry that is read only (HOST:PORT)",
    ready: true,
  },
  "registry-htpasswd": { within: "registry", key: "htpasswd", type: "string", help: "Who may pull from it (htpasswd -B)", ready: true },
  "registry-insecure": {
    within: "registry",
    key: "insecure",
    type: "bool",
    help: "Let others reach it without TLS, or without a password",
    ready: true,
  },
  "registry-tlscert": { within: "registry", key: "tlscert", type: "string", help: "Its certificate, with its chain", ready: true },
  "registry-tlskey": { within: "registry", key: "tlskey", type: "string", help: "Key of the certificate", ready: true },
} as const satisfies Record<string, OptionRow>;
