import type { ApiConfig } from "#config/daemon-config.ts";
import type { DaemonEnvironment } from "#config/env.ts";
import type { HostAddress } from "#config/values/host-address.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { ListenTarget } from "#http/listen.ts";
import type { TlsMaterial } from "./tls-files.ts";

type ListenFds = DaemonEnvironment["listenFds"];

export interface TargetInputs {
  /** Numeric group of the unix socket. */
  readonly gid: number;
  readonly tls: TlsMaterial | undefined;
  /** Sockets that came from systemd. */
  readonly listenFds: ListenFds;
}

/** Turns what `hosts` says into what is opened. @throws EngineError `invalid` for a socket of systemd's that is not there. */
export function listenTargets(config: ApiConfig, inputs: TargetInputs): ListenTarget[] {
  return config.hosts.flatMap((host) => targetsOf(host, inputs));
}

function targetsOf(host: HostAddress, { gid, tls, listenFds }: TargetInputs): ListenTarget[] {
  switch (host.kind) {
    case "unix":
      return [{ kind: "unix", path: host.path, gid }];
    case "tcp":
      return [
        tls === undefined ? { kind: "tcp", host: host.host, port: host.port } : { kind: "tls", host: host.host, port: host.port, ...tls },
      ];
    case "fd":
      return descriptorsOf(host.name, listenFds).map(({ fd }) => ({ kind: "fd", fd }));
  }
}

function descriptorsOf(name: string, listenFds: ListenFds): ListenFds {
  if (listenFds.length === 0) {
    throw new EngineError("invalid", "no sockets found via socket activation: make sure the service was started by systemd");
  }
  if (name === "") return listenFds;
  const found = listenFds.filter((socket) => socket.name === name || String(socket.fd) === name);
  if (found.length === 0) throw new EngineError("invalid", `no socket ${name} found via socket activation`);
  return found;
}
