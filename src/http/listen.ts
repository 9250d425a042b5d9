import net from "node:net";
import tls from "node:tls";
import { EngineError } from "#errors/engine-error.ts";
import type { Transport } from "./connection/connection.ts";
import { claimUnixSocket } from "./connection/unix-socket.ts";

/** Certificates in PEM. A server with `ca` lets in only clients whose certificate that CA has signed. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string | undefined;
}

export type ListenTarget =
  | {
      readonly kind: "unix";
      readonly path: string;
      /** Who may connect beside root, by numeric group. */
      readonly gid?: number | undefined;
      /** 0o660 unless given. */
      readonly mode?: number | undefined;
    }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | {
      readonly kind: "tls";
      readonly host: string;
      readonly port: number;
      readonly identity: TlsIdentity;
      readonly revoked?: string | undefined;
    }
  /** A listening socket that a service manager has opened (`-H fd://`); its peers count as unix when it is one. */
  | { readonly kind: "fd"; readonly fd: number };

export interface Listener {
  readonly server: net.Server | tls.Server;
  readonly transport: Transport;
  /** For the log and for clients: `unix:///run/x.sock`, `tcp://127.0.0.1:2375`. */
  readonly address: string;
  /** Stops accepting; connections live on. The path of a unix socket is removed unless somebody else has taken it. */
  close(): void;
}

/** Handshakes are where an unknown peer can keep a connection without having shown anything. */
const HANDSHAKE_MS = 10_000;

/** `allowHalfOpen`: the end of what a user types is no end of the container's output. */
const socketOptions = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 } as const;

/**
 * Opens a listening socket.
 *
 * @throws EngineError `conflict` when the address is in use, `invalid` when it cannot be one.
 */
export async function listen(target: ListenTarget): Promise<Listener> {
  try {
    return await open(target);
  } catch (cause) {
    throw explained(target, cause);
  }
}

async function open(target: ListenTarget): Promise<Listener> {
  switch (target.kind) {
    case "unix":
      return listenUnix(target);
    case "tcp": {
      const server = net.createServer(socketOptions);
      await listening(server, { host: target.host, port: target.port });
      return tcpListener(server, "tcp");
    }
    case "tls": {
      const server = tls.createServer(tlsOptions(target.identity, target.revoked));
      await listening(server, { host: target.host, port: target.port });
      return tcpListener(server, "tls");
    }
    case "fd": {
      const server = net.createServer(socketOptions);
      await listening(server, { fd: target.fd });
      return typeof server.address() === "string" || server.address() === null
        ? { server, transport: "unix", address: `fd://${target.fd}`, close: () => void server.close() }
        : tcpListener(server, "tcp");
    }
  }
}

async function listenUnix(target: Extract<ListenTarget, { kind: "unix" }>): Promise<Listener> {
  const server = net.createServer(socketOptions);
  const access = { mode: target.mode ?? 0o660, gid: target.gid };
  const claim = await claimUnixSocket(target.path, access, (path) => listening(server, { path })).catch((error: unknown) => {
    server.close();
    throw error;
  });
  const close = (): void => {
    claim.release();
    server.close();
  };
  return { server, transport: "unix", address: `unix://${target.path}`, close };
}

/** TLS 1.2 or newer; no renegotiation, which lets a client make the server work for nothing. */
export function tlsOptions(identity: TlsIdentity, revoked: string | undefined): tls.TlsOptions {
  return {
    ...socketOptions,
    cert: identity.cert,
    key: identity.key,
    ...(identity.ca === undefined ? {} : { ca: identity.ca, requestCert: true, rejectUnauthorized: true }),
    ...(revoked === undefined ? {} : { crl: revoked }),
    minVersion: "TLSv1.2",
    secureOptions: SSL_OP_NO_RENEGOTIATION,
    handshakeTimeout: HANDSHAKE_MS,
    ALPNProtocols: ["http/1.1"],
  };
}

/** OpenSSL's number; node:crypto's constants do not name it. */
const SSL_OP_NO_RENEGOTIATION = 0x4000_0000;

function tcpListener(server: net.Server, transport: "tcp" | "tls"): Listener {
  const { address, family, port } = server.address() as net.AddressInfo;
  const host = family === "IPv6" ? `[${address}]` : address;
  return { server, transport, address: `tcp://${host}:${port}`, close: () => void server.close() };
}

function listening(server: net.Server, options: net.ListenOptions | { readonly fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // Node takes `{ fd }` as a handle; its types name it nowhere else.
    const what: object = { backlog: 1024, ...options };
    server.listen(what, () => {
      server.off("error", reject);
      // Running out of descriptors while accepting is no reason to stop: the next accept is tried when one is free.
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function explained(target: ListenTarget, cause: unknown): unknown {
  if (cause instanceof EngineError) return cause;
  const where = target.kind === "unix" ? target.path : target.kind === "fd" ? `fd ${target.fd}` : `${target.host}:${target.port}`;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return new EngineError("conflict", `cannot listen on ${where}: the address is in use`, { cause });
  return new EngineError("invalid", `cannot listen on ${where}: ${message}`, { cause });
}
