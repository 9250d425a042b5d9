import { existsSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { ask } from "../../support/dns-client.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

const daemon = useDaemon({ images: [busyboxArchive], flags: ["--ipv6", "--fixed-cidr-v6", "fd00:d0:17::/64"] });
const SUBNET6 = "fd00:d0:83::/64";

async function run(name: string, hostConfig: object = {}, endpoint?: object): Promise<void> {
  const body = {
    Image: BUSYBOX,
    Cmd: ["sh", "-c", "mkdir /www && echo this is $HOSTNAME > /www/index.html && exec httpd -f -p 80 -h /www"],
    HostConfig: hostConfig,
    NetworkingConfig: { EndpointsConfig: endpoint ?? {} },
  };
  expect(await daemon.api("POST", `/containers/create?name=${name}`, body)).toMatchObject({ status: 201 });
  expect(await daemon.api("POST", `/containers/${name}/start`)).toMatchObject({ status: 204 });
}

const inspect = async (name: string) => (await daemon.api("GET", `/containers/${name}/json`)).json;
const endpointOf = async (name: string, network: string) => (await inspect(name)).NetworkSettings.Networks[network];

async function createNetwork(body: object): Promise<void> {
  expect(await daemon.api("POST", "/networks/create", body)).toMatchObject({ status: 201 });
}

/** What a program prints inside. */
async function say(name: string, ...command: string[]): Promise<string> {
  const exec = { Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true };
  const { json } = await daemon.api("POST", `/containers/${name}/exec`, exec);
  return (await daemon.api("POST", `/exec/${json.Id}/start`, { Tty: true })).text.replaceAll("\r\n", "\n");
}

const fetchIn = async (name: string, url: string): Promise<string> => await say(name, "timeout", "3", "wget", "-q", "-O", "-", url);

describe.skipIf(!existsSync("/proc/net/if_inet6"))("a network with IPv6", () => {
  beforeAll(async () => {
    const Config = [{ Subnet: "10.213.83.0/24" }, { Subnet: SUBNET6, IPRange: "fd00:d0:83::100/120" }];
    await createNetwork({ Name: "dual", EnableIPv6: true, IPAM: { Config } });
    await run("one", { NetworkMode: "dual", PortBindings: { "80/tcp": [{ HostPort: "" }] } });
    await run("two", { NetworkMode: "dual" }, { dual: { IPAMConfig: { IPv6Address: "fd00:d0:83::77", LinkLocalIPs: ["169.254.7.7"] } } });
  });

  it("shows its subnets and the addresses on it", async () => {
    const { json } = await daemon.api("GET", "/networks/dual");
    expect(json).toMatchObject({ EnableIPv4: true, EnableIPv6: true });
    expect(json.IPAM.Config).toEqual([
      { Subnet: "10.213.83.0/24", Gateway: "10.213.83.1" },
      { Subnet: SUBNET6, IPRange: "fd00:d0:83::100/120", Gateway: "fd00:d0:83::100" },
    ]);
    expect(await endpointOf("one", "dual")).toMatchObject({
      GlobalIPv6Address: "fd00:d0:83::101",
      GlobalIPv6PrefixLen: 64,
      IPv6Gateway: "fd00:d0:83::100",
    });
    expect(await endpointOf("two", "dual")).toMatchObject({ GlobalIPv6Address: "fd00:d0:83::77" });
    const resources: { Name: string; IPv6Address: string }[] = Object.values(json.Containers);
    expect(Object.fromEntries(resources.map(({ Name, IPv6Address }) => [Name, IPv6Address]))).toEqual({
      one: "fd00:d0:83::101/64",
      two: "fd00:d0:83::77/64",
    });
    expect(await say("two", "ip", "-o", "addr")).toContain("169.254.7.7/16");
  });

  it("resolves names to both families, and addresses of both to names", async () => {
    const pid = (await inspect("two")).State.Pid as number;
    expect((await ask(pid, "one", "AAAA")).records).toEqual(["AAAA fd00:d0:83::101"]);
    expect((await ask(pid, "one", "A")).records).toEqual([`A ${(await endpointOf("one", "dual")).IPAddress}`]);
    const reverse = `${"1.0.1".padEnd(39, ".0")}.3.8.0.0.0.d.0.0.0.0.d.f.ip6.arpa`;
    expect((await ask(pid, reverse, "PTR")).records).toEqual(["PTR one.dual"]);
    await eventually(async () => expect(await fetchIn("two", "http://[fd00:d0:83::101]/")).toContain("this is"));
  });

  it("is any that a user makes and says nothing, and none where it is refused", async () => {
    await createNetwork({ Name: "unsaid" });
    await createNetwork({ Name: "unwanted", EnableIPv6: false });
    expect((await daemon.api("GET", "/networks/unwanted")).json).toMatchObject({ EnableIPv6: false, IPAM: { Config: [{}] } });
    const { json } = await daemon.api("GET", "/networks/unsaid");
    expect(json).toMatchObject({ EnableIPv6: true, IPAM: { Config: [{}, { Subnet: expect.stringMatching(/^fd[0-9a-f:]+::\/64$/) }] } });
    for (const name of ["unsaid", "unwanted"]) expect(await daemon.api("DELETE", `/networks/${name}`)).toMatchObject({ status: 204 });
  });

  it("publishes on the host's addresses of both families, at one port", async () => {
    const bindings: { HostIp: string; HostPort: string }[] = (await inspect("one")).NetworkSettings.Ports["80/tcp"];
    expect(bindings.map(({ HostIp }) => HostIp)).toEqual(["0.0.0.0", "::"]);
    expect(new Set(bindings.map(({ HostPort }) => HostPort)).size).toBe(1);
    // By the gateway's address, which is the host's: through the published port and back to the network it came from.
    expect(await fetchIn("two", `http://[fd00:d0:83::100]:${bindings[0]?.HostPort}/`)).toContain("this is");
  });

  it("is come to, and left, by a container that runs", async () => {
    await run("guest");
    expect(await endpointOf("guest", "bridge")).toMatchObject({ IPv6Gateway: "fd00:d0:17::1" });
    expect(await daemon.api("POST", "/networks/dual/connect", { Container: "guest" })).toMatchObject({ status: 200 });
    const { GlobalIPv6Address } = await endpointOf("guest", "dual");
    expect(await say("guest", "ip", "-o", "-6", "addr", "show", "eth1")).toContain(`${GlobalIPv6Address}/64`);
    await eventually(async () => expect(await fetchIn("one", `http://[${GlobalIPv6Address}]/`)).toContain("this is"));
    expect(await say("guest", "cat", "/etc/hosts")).toContain(GlobalIPv6Address);
    expect(await daemon.api("POST", "/networks/dual/disconnect", { Container: "guest" })).toMatchObject({ status: 200 });
    expect(await say("guest", "cat", "/etc/hosts")).not.toContain(GlobalIPv6Address);
    await daemon.api("DELETE", "/containers/guest?force=1");
  });

  it("has its addresses and ports still when another daemon takes over", async () => {
    const [before, ports] = [await endpointOf("one", "dual"), (await inspect("one")).NetworkSettings.Ports];
    await daemon.kill();
    await daemon.start();
    expect(await endpointOf("one", "dual")).toEqual(before);
    expect((await inspect("one")).NetworkSettings.Ports).toEqual(ports);
    expect(await fetchIn("two", `http://[fd00:d0:83::100]:${ports["80/tcp"][0].HostPort}/`)).toContain("this is");
    // Taken, not given a second time.
    const taken = { Image: BUSYBOX, NetworkingConfig: { EndpointsConfig: { dual: { IPAMConfig: { IPv6Address: "fd00:d0:83::77" } } } } };
    await daemon.api("POST", "/containers/create?name=late", { ...taken, HostConfig: { NetworkMode: "dual" } });
    const refused = await daemon.api("POST", "/containers/late/start");
    expect(refused).toMatchObject({ status: 403, json: { message: expect.stringContaining("Address already in use") } });
  });
});

it("containers on a macvlan network without a parent reach each other alone", async () => {
  await createNetwork({ Name: "side", Driver: "macvlan" });
  expect((await daemon.api("GET", "/networks/side")).json).toMatchObject({ Driver: "macvlan", EnableIPv4: true, Internal: true });
  await run("side-1", { NetworkMode: "side" });
  await run("side-2", { NetworkMode: "side", PortBindings: { "80/tcp": [{ HostPort: "" }] } });
  // By its name, from a server of ours in a namespace that the host has no part in.
  await eventually(async () => expect(await fetchIn("side-1", "http://side-2/")).toContain("this is"));
  expect((await inspect("side-2")).NetworkSettings.Ports).toEqual({ "80/tcp": null });
  expect(await daemon.api("POST", "/networks/side/disconnect", { Container: "side-1" })).toMatchObject({ status: 200 });
  expect(await say("side-1", "ip", "-o", "link")).not.toContain("eth0");
  for (const name of ["side-1", "side-2"]) await daemon.api("DELETE", `/containers/${name}?force=1`);
  expect(await daemon.api("DELETE", "/networks/side")).toMatchObject({ status: 204 });
});
