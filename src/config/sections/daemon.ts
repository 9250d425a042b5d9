import { ConfigError } from "../config-error.ts";
import type { DaemonConfig, ShutdownConfig } from "../daemon-config.ts";
import type { Settings } from "../options.ts";

/** As long as Docker's. */
const SHUTDOWN_TIMEOUT = 15;

export function buildShutdown(settings: Settings): ShutdownConfig {
  return { liveRestore: settings["live-restore"] ?? true, timeout: settings["shutdown-timeout"] ?? SHUTDOWN_TIMEOUT };
}

export function buildMetrics(address: string | undefined): DaemonConfig["metrics"] {
  return address === undefined || address === "" ? undefined : parseHostPort("metrics-addr", address);
}

/** `127.0.0.1:9323`, `[::1]:9323`; `:9323` is every address of the host, as for Docker. */
export function parseHostPort(option: string, address: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain = "", digits = ""] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/]*)):(\d{1,5})$/.exec(address) ?? [];
  const port = Number(digits);
  if (digits === "" || port > 65_535) throw new ConfigError(`invalid ${option} ${JSON.stringify(address)}: want HOST:PORT`);
  return { host: bracketed ?? (plain === "" ? "::" : plain), port };
}
