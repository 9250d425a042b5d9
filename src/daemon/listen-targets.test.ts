import net from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { ApiConfig } from "#config/daemon-config.ts";
import type { HostAddress } from "#config/host-address.ts";
import type { Listener, ListenTarget } from "#http/listen.ts";
import { libc } from "#sys/ffi.ts";
import { listenTargets } from "./listen-targets.ts";
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
  const open: Listener[] = [];
  afterEach(() => {
    for (const listener of open.splice(0)) listener.close();
  });

  test("all are opened, and served at once", async () => {
    const served: Listener[] = [];
    open.push(
      ...(await openListeners(
        [1, 2].map(() => ({ kind: "tcp", host: "127.0.0.1", port: 0 })),
        false,
        (listener) => void served.push(listener),
      )),
    );
    expect(served).toEqual(open);
    expect(open.map(({ address }) => address)).toEqual([expect.stringMatching(/^tcp:\/\/127\.0\.0\.1:\d+$/), expect.anything()]);
  });

  test("or none", async () => {
    const taken = net.createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as net.AddressInfo;
    const served: Listener[] = [];
    const opening = openListeners(
      [
        { kind: "tcp", host: "127.0.0.1", port: 0 },
        { kind: "tcp", host: "127.0.0.1", port },
      ],
      false,
      (listener) => void served.push(listener),
    );
    await expect(opening).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: the address is in use`);
    expect(served.map(({ server }) => server.listening)).toEqual([false]);
    taken.close();
  });

  test.each([
    ["0.0.0.0", false, "refusing to listen on tcp://0.0.0.0:"],
    ["127.0.0.1", true, "which systemd has opened, is not implemented yet by Dhow"],
    ["127.0.0.1", false, undefined],
  ])("systemd's TCP on %s, TLS %s", async (host, wantsTls, refusal) => {
    const systemd = net.createServer().listen(0, host);
    await new Promise((resolve) => systemd.once("listening", resolve));
    const { fd } = (systemd as unknown as { _handle: { fd: number } })._handle;
    // A copy, since a listener closes what it was given.
    const copy = Number(libc("int dup(int fd)")(fd));
    const opening = openListeners([{ kind: "fd", fd: copy }], wantsTls, () => {});
    if (refusal === undefined) open.push(...(await opening));
    else await expect(opening).rejects.toThrow(refusal);
    systemd.close();
  });
});
