import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { containerFiles, parseExtraHosts, sandboxNames } from "./sandbox/container-names.ts";
import { readHostFiles } from "./name-files/host-files.ts";
import { hostsFile, ownEntry } from "./name-files/hosts-file.ts";
import { containerResolvConf, formatResolvConf, parseResolvConf } from "./name-files/resolv-conf.ts";
import type { SandboxNames } from "./sandbox/sandbox.ts";
import { request } from "./testdata/isolated-host.ts";

describe("hosts file", () => {
  it("has loopback, the user's lines, then the container's own", () => {
    const text = hostsFile([{ address: "10.0.0.9", names: "db" }], [ownEntry("172.17.0.2", "web", "")]);
    expect(text).toBe("127.0.0.1\tlocalhost\n10.0.0.9\tdb\n172.17.0.2\tweb\n");
  });

  it.each([
    ["web", "", "web"],
    ["web", "example.org", "web.example.org web"],
    ["web.example.org", "", "web.example.org web"],
  ])("names %s in %j", (hostname, domainname, names) => {
    expect(ownEntry("172.17.0.2", hostname, domainname)).toEqual({ address: "172.17.0.2", names });
  });
});

describe("extra hosts", () => {
  it("are names with addresses, of both families, or the host itself", () => {
    expect(
      parseExtraHosts(["db:10.0.0.9", "six:2001:db8::1", "boxed:[2001:db8::2]", "host.docker.internal:host-gateway"], "172.17.0.1"),
    ).toEqual([
      { names: "db", address: "10.0.0.9" },
      { names: "six", address: "2001:db8::1" },
      { names: "boxed", address: "2001:db8::2" },
      { names: "host.docker.internal", address: "172.17.0.1" },
    ]);
  });

  it.each(["db", ":10.0.0.9", "a b:10.0.0.9", "db\t:10.0.0.9", "db\n:1.2.3.4", "db:", "db:nowhere"])("do not read %j", (text) => {
    expect(() => parseExtraHosts([text], "172.17.0.1")).toThrow(expect.objectContaining({ category: "invalid" }));
  });
});

const HOST = `# comment
nameserver 127.0.0.53
nameserver 192.0.2.53 # trailing
nameserver fe80::1%eth0
nameserver nonsense
domain old.example
search corp.example lab.example
options edns0 ndots:2
`;

describe("resolv.conf", () => {
  const wishes = { servers: [], search: [], options: [] };

  it("is read leniently", () => {
    expect(parseResolvConf(HOST)).toEqual({
      servers: ["127.0.0.53", "192.0.2.53", "fe80::1%eth0"],
      search: ["corp.example", "lab.example"],
      options: ["edns0", "ndots:2"],
    });
  });

  it("leaves out what a container cannot reach", () => {
    const container = containerResolvConf(parseResolvConf(HOST), wishes, { keepAll: false });
    expect(formatResolvConf(container).split("\n").slice(1).join("\n")).toBe(
      "nameserver 192.0.2.53\nsearch corp.example lab.example\noptions edns0 ndots:2\n",
    );
  });

  it("falls back on public servers when the host has only its own loopback", () => {
    expect(containerResolvConf(parseResolvConf("nameserver ::1"), wishes, { keepAll: false }).servers).toEqual(["8.8.8.8", "8.8.4.4"]);
  });

  it("takes the user's wishes field by field; a dot means no search", () => {
    const container = containerResolvConf(parseResolvConf(HOST), { servers: ["10.0.0.1"], search: ["."], options: [] }, { keepAll: false });
    expect(container).toEqual({ servers: ["10.0.0.1"], search: [], options: ["edns0", "ndots:2"] });
  });
});

describe("containerFiles", () => {
  const host = { hosts: "127.0.0.1 localhost myhost\n", resolvConf: HOST };
  const options = { dns: [], dnsSearch: [], dnsOptions: [], hostGatewayIp: undefined, hostGateway: "172.17.0.1", onDefaultNetwork: false };
  const bridge = { driver: "bridge", name: "bridge" } as const;
  const names = (wishes: Parameters<typeof request>[1] = {}, networks: Parameters<typeof sandboxNames>[1] = [bridge], more = {}) =>
    sandboxNames(request("0123456789abcdef", wishes), networks, { ...options, ...more });
  const files = (of: SandboxNames, more = {}) => containerFiles(of, { addresses: [], host, shared: false, servers: [], ...more });

  it("names a container by its id when it has no name for itself", () => {
    expect(files(names(), { addresses: ["172.17.0.2"] }).hosts).toBe("127.0.0.1\tlocalhost\n172.17.0.2\t0123456789ab\n");
  });

  it("takes the daemon's name servers where the user has none", () => {
    const own = files(names({ dns: ["10.0.0.1"] }), { servers: ["10.0.0.2"] });
    const daemon = files(names(), { servers: ["10.0.0.2"] });
    expect([own.resolvConf, daemon.resolvConf].map((text) => /nameserver (.*)/.exec(text)?.[1])).toEqual(["10.0.0.1", "10.0.0.2"]);
  });

  it("leaves the host's files as they are where the host's network is shared", () => {
    const shared = { shared: true };
    const hostNetwork = [{ driver: "host", name: "host" } as const];
    const extra = files(names({ extraHosts: ["db:10.0.0.9"] }, hostNetwork), shared);
    expect(extra).toEqual({ hosts: `${host.hosts}10.0.0.9\tdb\n`, resolvConf: HOST });
    expect(parseResolvConf(files(names({ dnsSearch: ["x.example"] }, hostNetwork), shared).resolvConf)).toMatchObject({
      servers: ["127.0.0.53", "192.0.2.53", "fe80::1%eth0"],
      search: ["x.example"],
    });
  });

  it.each([
    ["the default network, by Docker's rule", [bridge], { onDefaultNetwork: false }, {}, false],
    ["the default network", [bridge], { onDefaultNetwork: true }, {}, true],
    [
      "the default network, where its user keeps to Docker's rule",
      [bridge],
      { onDefaultNetwork: true },
      { namesOnDefaultNetwork: false },
      false,
    ],
    ["a network of a user's own as well", [bridge, { driver: "bridge", name: "app" } as const], {}, {}, true],
    ["no network", [{ driver: "null", name: "none" } as const], { onDefaultNetwork: true }, {}, false],
  ])("a container on %s", (_, networks, more, wishes, embedded) => {
    const { resolvConf } = files(names({ dns: ["10.0.0.1"], ...wishes }, networks, more));
    expect(parseResolvConf(resolvConf)).toEqual({
      servers: [embedded ? "127.0.0.11" : "10.0.0.1"],
      search: ["corp.example", "lab.example"],
      options: ["edns0", "ndots:2"],
    });
  });

  it("tries names without a dot as they are first, unless somebody has said otherwise", () => {
    const of = (dnsOptions: string[]) => parseResolvConf(files(names({ dnsOptions }, [bridge], { onDefaultNetwork: true })).resolvConf);
    expect(of(["timeout:1"]).options).toEqual(["timeout:1", "ndots:0"]);
    expect(of(["ndots:3"]).options).toEqual(["ndots:3"]);
  });
});

describe("readHostFiles", () => {
  it("looks behind systemd-resolved's stub, and takes missing files for empty", async () => {
    const folder = await mkdtemp(join(tmpdir(), "dhow-names-"));
    const paths = { hosts: join(folder, "none"), resolvConf: join(folder, "stub"), upstreamResolvConf: join(folder, "upstream") };
    await writeFile(paths.resolvConf, "nameserver 127.0.0.53\n");
    expect(await readHostFiles(paths, false)).toEqual({ hosts: "", resolvConf: "nameserver 127.0.0.53\n" });
    await writeFile(paths.upstreamResolvConf, "nameserver 192.0.2.53\n");
    expect((await readHostFiles(paths, false)).resolvConf).toBe("nameserver 192.0.2.53\n");
    expect((await readHostFiles(paths, true)).resolvConf).toBe("nameserver 127.0.0.53\n");
    await writeFile(paths.resolvConf, "nameserver 127.0.0.53\nnameserver 10.0.0.1\n");
    expect((await readHostFiles(paths, false)).resolvConf).toBe("nameserver 127.0.0.53\nnameserver 10.0.0.1\n");
    await rm(folder, { recursive: true });
  });
});
