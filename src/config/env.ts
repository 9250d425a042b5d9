import { homedir } from "node:os";

/** What the daemon takes from its environment; read once. */
export interface DaemonEnvironment {
  /** Folder of ca.pem, cert.pem and key.pem when no flag says otherwise. */
  readonly certPath: string;
  readonly tlsVerify: boolean;
  readonly minApiVersion: string | undefined;
  readonly proxies: Proxies;
  /** Stands in for the kernel's boot id: how tests have the host restarted. */
  readonly testBootId: string | undefined;
  /** systemd's notification socket. */
  readonly notifySocket: string | undefined;
  /** Sockets that systemd opened for this process, by descriptor; empty when there are none. */
  readonly listenFds: readonly { readonly fd: number; readonly name: string }[];
}

export interface Proxies {
  readonly http: string | undefined;
  readonly https: string | undefined;
  readonly none: string | undefined;
}

/** Where systemd puts the first socket (sd_listen_fds(3)). */
const FIRST_FD = 3;
const MOST_FDS = 64;

/** @param pid of this process: systemd's variables are somebody else's when they name another. */
export function readEnvironment(env: NodeJS.ProcessEnv, pid: number): DaemonEnvironment {
  return {
    certPath: present(env["DOCKER_CERT_PATH"]) ?? `${present(env["HOME"]) ?? homedir()}/.docker`,
    tlsVerify: present(env["DOCKER_TLS_VERIFY"]) !== undefined,
    minApiVersion: env["DOCKER_MIN_API_VERSION"],
    proxies: {
      http: present(env["HTTP_PROXY"]) ?? present(env["http_proxy"]),
      https: present(env["HTTPS_PROXY"]) ?? present(env["https_proxy"]),
      none: present(env["NO_PROXY"]) ?? present(env["no_proxy"]),
    },
    testBootId: present(env["DHOW_TEST_BOOT_ID"]),
    notifySocket: present(env["NOTIFY_SOCKET"]),
    listenFds: env["LISTEN_PID"] === String(pid) ? listenFds(env["LISTEN_FDS"], env["LISTEN_FDNAMES"]) : [],
  };
}

function listenFds(count = "", names = ""): DaemonEnvironment["listenFds"] {
  const number = /^\d{1,2}$/.test(count) ? Math.min(Number(count), MOST_FDS) : 0;
  const named = names.split(":");
  return Array.from({ length: number }, (_, index) => ({ fd: FIRST_FD + index, name: named[index] ?? "" }));
}

const present = (value: string | undefined): string | undefined => (value === "" ? undefined : value);
