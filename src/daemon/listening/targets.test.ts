import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { ApiConfig } from "#config/daemon-config.ts";
import type { HostAddress } from "#config/values/host-address.ts";
import type { ListenTarget } from "#http/listen.ts";
import { libc } from "#sys/ffi.ts";
import { listenTargets } from "./targets.ts";
import { openListeners } from "./listeners.ts";

const tls = { identity: { cert: "c", key: "k", ca: "a" }, revoked: undefined };
const listenFds = [
  { fd: 3, name: "dhow.socket" },
  { fd: 4, name: "other.socket" },
];
const targets = (host: HostAddress, inputs: object = {}): ListenTarget[] =>
  listenTargets({ hosts: [host] } as unknown as ApiConfig, { gid: 12, tls: undefined, listenFds, ...inputs });

test.each<[HostAddress, object, object[]]>([
  [{ kind: "unix", path: "/x" }, {}, [{ kind: "unix", path: "/x", gid: 12 }]],
  [{ kind: "tcp", host: "127.0.0.1", port: 1 }, {}, [{ kind: "tcp", host: "127.0.0.1", port: 1 }]],
  [{ kind: "tcp", host: "::", port: 1 }, { tls }, [{ kind: "tls", host: "::", port: 1, ...tls }]],
  [
    { kind: "fd", name: "" },
    {},
    [
      { kind: "fd", fd: 3 },
      { kind: "fd", fd: 4 },
    ],
  ],
  [{ kind: "fd", name: "4" }, {}, [{ kind: "fd", fd: 4 }]],
  [{ kind: "fd", name: "dhow.socket" }, {}, [{ kind: "fd", fd: 3 }]],
])("%j", (host, inputs, expected) => {
  expect(targets(host, inputs)).toEqual(expected);
});

test("sockets of systemd's that are not there are an error", () => {
  expect(() => targets({ kind: "fd", name: "" }, { listenFds: [] })).toThrow("no sockets found via socket activation");
  expect(() => targets({ kind: "fd", name: "9" })).toThrow("no socket 9 found via socket activation");
});

describe("listeners", () => {
  const closing: { close(): void }[] = [];
  afterEach(() => {
    for (const one of closing.splice(0)) one.close();
  });
  const loopback: ListenTarget = { kind: "tcp", host: "127.0.0.1", port: 0 };
  const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port;

  test("keep early clients waiting, and hand them over with what they have sent", async () => {
    const [open] = await openListeners([loopback], false);
    if (open === undefined) throw new Error("none opened");
    closing.push(open.listener);
    const client = net.connect(portOf(open.listener.server), "127.0.0.1");
    const gone = net.connect(portOf(open.listener.server), "127.0.0.1");
    client.write("early");
    await Promise.all([client, gone].map((socket) => once(socket, "connect")));
    gone.resetAndDestroy();
    await setTimeout(50);
    const served = new Promise<string>((resolve) => {
      open.serveWith(
        ({ server }) => void server.on("connection", (socket: net.Socket) => socket.once("data", (data) => resolve(data.toString()))),
      );
    });
    await expect(served).resolves.toBe("early");
    client.destroy();
  });

  test("are opened all or none", async () => {
    const taken = net.createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    closing.push(taken);
    const port = portOf(taken);
    const file = join(mkdtempSync(join(tmpdir(), "listeners-")), "x.sock");
    const opening = openListeners(
      [
        { kind: "unix", path: file },
        { ...loopback, port },
      ],
      false,
    );
    await expect(opening).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: the address is in use`);
    expect(existsSync(file)).toBe(false);
    rmSync(dirname(file), { recursive: true });
  });

  test.each([
    ["0.0.0.0", false, "refusing to listen on tcp://0.0.0.0:"],
    ["127.0.0.1", true, "which systemd has opened, is not implemented yet by Dhow"],
    ["127.0.0.1", false, "opened"],
  ])("systemd's TCP on %s, TLS %s", async (host, tlsWanted, refusal) => {
    const systemd = net.createServer().listen(0, host);
    await once(systemd, "listening");
    closing.push(systemd);
    const { fd } = (systemd as unknown as { _handle: { fd: number } })._handle;
    // A copy, since a listener closes what it was given.
    const copy = Number(libc("int dup(int fd)")(fd));
    const opening = openListeners([{ kind: "fd", fd: copy }], tlsWanted);
    const outcome = await opening.then((open) => {
      closing.push(...open.map(({ listener }) => listener));
      return "opened";
    }, String);
    expect(outcome).toContain(refusal);
  });
});
