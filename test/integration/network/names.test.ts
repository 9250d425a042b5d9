import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as dns from "dns-packet";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { ask, overUdp, serveIn } from "../../support/dns-client.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { useFakeDns } from "../../support/fake-dns.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { median } from "../../support/median.ts";

const upstream = useFakeDns();
const daemon = useDaemon({ images: [busyboxArchive], flags: ["--dns", upstream.address, "--dns-search", "corp.example"] });

const idOf = async (name: string): Promise<string> => (await daemon.api("GET", `/containers/${name}/json`)).json.Id as string;
const addressOf = async (name: string, network: string): Promise<string> =>
  (await daemon.api("GET", `/containers/${name}/json`)).json.NetworkSettings.Networks[network].IPAddress as string;

async function start(name: string): Promise<void> {
  expect(await daemon.api("POST", `/containers/${name}/start`)).toMatchObject({ status: 204 });
}

async function run(
  name: string,
  network: string,
  { aliases = [], hostConfig = {}, ...body }: { aliases?: string[]; hostConfig?: object; [field: string]: unknown } = {},
): Promise<void> {
  const NetworkingConfig = { EndpointsConfig: { [network]: { Aliases: aliases } } };
  const request = {
    Image: BUSYBOX,
    Cmd: ["sleep", "1000"],
    HostConfig: { NetworkMode: network, ...hostConfig },
    NetworkingConfig,
    ...body,
  };
  expect(await daemon.api("POST", `/containers/create?name=${name}`, request)).toMatchObject({ status: 201, json: { Warnings: [] } });
  await start(name);
}

/** What a program prints inside. */
async function say(name: string, script: string): Promise<string> {
  const exec = { Cmd: ["sh", "-c", script], AttachStdout: true, AttachStderr: true, Tty: true };
  const { json } = await daemon.api("POST", `/containers/${name}/exec`, exec);
  return (await daemon.api("POST", `/exec/${json.Id}/start`, { Tty: true })).text.replaceAll("\r\n", "\n");
}

async function pidOf(name: string): Promise<number> {
  return (await daemon.api("GET", `/containers/${name}/json`)).json.State.Pid as number;
}

const from = async (name: string, ...rest: Parameters<typeof ask> extends [number, ...infer R] ? R : never) =>
  ask(await pidOf(name), ...rest);
const createNetwork = async (body: object): Promise<void> => {
  expect(await daemon.api("POST", "/networks/create", body)).toMatchObject({ status: 201 });
};

beforeAll(async () => {
  for (const body of [{ Name: "app", EnableIPv6: false }, { Name: "back" }, { Name: "vault", Internal: true }]) await createNetwork(body);
  await run("web", "app", { aliases: ["www", "pool"] });
  await run("web2", "app", { aliases: ["pool"], Hostname: "second" });
  await run("db", "back");
});
afterEach(() => void (upstream.asked.length = 0));

describe("names on a network", () => {
  it("are those of its containers: name, alias, short id, host name, and name with network", async () => {
    const address = await addressOf("web2", "app");
    const id = (await idOf("web2")).slice(0, 12);
    for (const name of ["web2", "second", id, "web2.app", "WEB2"])
      expect(await from("web", name)).toMatchObject({ code: "NOERROR", records: [`A ${address}`] });
    expect(await from("web", "web2", "AAAA")).toMatchObject({ code: "NOERROR", records: [] });
    expect(await say("web", "ping -c1 -W2 second >/dev/null && echo reached")).toBe("reached\n");
    expect(upstream.asked).toEqual([]);
  });

  it("stand for several containers in turn", async () => {
    const both = [`A ${await addressOf("web", "app")}`, `A ${await addressOf("web2", "app")}`];
    const answers = await Promise.all(Array.from({ length: 8 }, () => from("web", "pool")));
    for (const { records } of answers) expect(records.toSorted()).toEqual(both.toSorted());
    expect(answers.filter(({ records }) => records[0] === both[0])).toHaveLength(4);
  });

  it("say who has an address", async () => {
    const reversed = (await addressOf("web2", "app")).split(".").toReversed();
    expect(await from("web", `${reversed.join(".")}.in-addr.arpa`, "PTR")).toMatchObject({ records: ["PTR web2.app"] });
    expect(await from("web", `250.${reversed.slice(1).join(".")}.in-addr.arpa`, "PTR")).toMatchObject({ code: "NXDOMAIN" });
    expect(upstream.asked).toEqual([]);
  });

  it("are nobody's on another network, and nothing about them leaves", async () => {
    for (const name of ["web", "pool", "second"]) expect(await from("db", name)).toMatchObject({ code: "NXDOMAIN", records: [] });
    expect(await from("web", "db")).toMatchObject({ code: "NXDOMAIN" });
    expect(upstream.asked).toEqual([]);
  });

  it("come and go with connections, names and runs, at once", async () => {
    expect(await daemon.api("POST", "/networks/app/connect", { Container: "db", EndpointConfig: { Aliases: ["data"] } })).toMatchObject({
      status: 200,
    });
    const address = await addressOf("db", "app");
    for (const name of ["db", "data"]) expect(await from("web", name)).toMatchObject({ records: [`A ${address}`] });
    expect(await from("db", "www")).toMatchObject({ code: "NOERROR" });
    const { Networks } = (await daemon.api("GET", "/containers/db/json")).json.NetworkSettings;
    expect(Networks.app).toMatchObject({ Aliases: ["data"], DNSNames: ["db", "data", (await idOf("db")).slice(0, 12)] });
    expect(await say("db", "cat /etc/hosts")).toContain(`${address}\t`);
    expect(await daemon.api("POST", "/containers/db/rename?name=store")).toMatchObject({ status: 204 });
    expect(await from("web", "store")).toMatchObject({ records: [`A ${address}`] });
    expect(await from("web", "db")).toMatchObject({ code: "SERVFAIL" });
    await daemon.api("POST", "/containers/store/restart?t=0");
    expect(await from("web", "data")).toMatchObject({ code: "NOERROR", records: [`A ${await addressOf("store", "app")}`] });
    await daemon.api("POST", "/containers/store/stop?t=0");
    expect((await from("web", "data")).records).toEqual([]);
    await start("store");
    expect(await daemon.api("POST", "/networks/app/disconnect", { Container: "store" })).toMatchObject({ status: 200 });
    expect((await from("web", "store")).records).toEqual([]);
    expect(await say("store", "cat /etc/hosts")).not.toContain(`${address}\t`);
    await daemon.api("POST", "/containers/store/rename?name=db");
  });

  it("are those that links give, for whoever has the link", async () => {
    await run("linked", "app", { hostConfig: { Links: ["web2:friend"] } });
    expect(await from("linked", "friend")).toMatchObject({ records: [`A ${await addressOf("web2", "app")}`] });
    expect((await from("web", "friend")).records).toEqual([]);
    await daemon.api("DELETE", "/containers/linked?force=1");
  });

  it("are there on the default network too, unless somebody keeps to Docker's rule", async () => {
    await run("plain1", "bridge", { hostConfig: { ExtraHosts: ["host.docker.internal:host-gateway"] } });
    await run("plain2", "bridge", { Labels: { "dhow.default-network-names": "false" } });
    expect(await say("plain1", "ping -c1 -W2 plain2 >/dev/null && echo reached")).toBe("reached\n");
    const gateway = (await daemon.api("GET", "/networks/bridge")).json.IPAM.Config[0].Gateway as string;
    expect(await from("plain1", "host.docker.internal")).toMatchObject({ records: [`A ${gateway}`] });
    expect(await say("plain2", "cat /etc/resolv.conf")).toContain(`nameserver ${upstream.address}`);
    await expect(overUdp(await pidOf("plain2"), Buffer.from("x"), 300)).rejects.toThrow();
    // With a network of its user's own it gets the server, as with Docker; its file follows, since nobody has touched it.
    await daemon.api("POST", "/networks/app/connect", { Container: "plain2" });
    expect(await say("plain2", "cat /etc/resolv.conf")).toContain("nameserver 127.0.0.11");
    expect(await from("plain2", "web2")).toMatchObject({ code: "NOERROR", records: [expect.stringContaining("A ")] });
    expect((await from("plain2", "plain1")).records).toEqual([]);
    for (const name of ["plain1", "plain2"]) await daemon.api("DELETE", `/containers/${name}?force=1`);
  });
});

describe("a container's files", () => {
  it("send it to the embedded server, and are left alone once it has changed them", async () => {
    const conf = await say("web", "cat /etc/resolv.conf");
    expect(conf.split("\n").slice(1)).toEqual([
      "nameserver 127.0.0.11",
      "search corp.example",
      expect.stringMatching(/^options .*ndots:0$/),
      "",
    ]);
    await run("edited", "app");
    await say("edited", "echo '# mine' >>/etc/resolv.conf; echo '10.0.0.99 mine' >>/etc/hosts");
    await daemon.api("POST", "/networks/back/connect", { Container: "edited" });
    const address = await addressOf("edited", "back");
    expect(await say("edited", "cat /etc/resolv.conf")).toContain("# mine");
    const hosts = await say("edited", "cat /etc/hosts");
    expect(hosts).toContain("10.0.0.99 mine");
    expect(hosts).toContain(`${address}\t`);
    await daemon.api("DELETE", "/containers/edited?force=1");
  });

  it("have search domains, which names without an answer are tried with", async () => {
    expect(await say("web", "ping -c1 -W1 -q nowhere | head -1")).toMatch(/^PING nowhere \(192\.0\.2\.1\)/);
    expect(upstream.asked).toContain("nowhere.corp.example");
  });
});

describe("everything else", () => {
  it("is asked of the host's servers, and remembered", async () => {
    expect(await from("web", "out.example")).toMatchObject({ code: "NOERROR", records: ["A 192.0.2.1"] });
    expect(await from("db", "out.example")).toMatchObject({ records: ["A 192.0.2.1"] });
    expect(await from("web", "nosuch.example")).toMatchObject({ code: "NXDOMAIN" });
    expect(await from("web", "nosuch.example")).toMatchObject({ code: "NXDOMAIN" });
    expect(upstream.asked).toEqual(["out.example", "nosuch.example"]);
    expect(await from("web", "broken.test")).toMatchObject({ code: "SERVFAIL" });
  });

  it("comes whole over TCP, and over UDP as far as the client takes it", async () => {
    expect(await from("web", "long.example")).toMatchObject({ truncated: true, records: [] });
    expect((await from("web", "long.example", "A", { size: 4096 })).records).toHaveLength(100);
    expect((await from("web", "long.example", "A", { transport: "tcp" })).records).toHaveLength(100);
    expect((await from("web", "web2", "A", { transport: "tcp" })).code).toBe("NOERROR");
  });

  it("does not leave an internal network", async () => {
    await run("inner", "vault", { aliases: ["safe"] });
    expect(await from("inner", "out.example")).toMatchObject({ code: "NXDOMAIN" });
    expect(await from("inner", "other.example", "A", { transport: "tcp" })).toMatchObject({ code: "NXDOMAIN" });
    expect(await from("inner", "safe")).toMatchObject({ code: "NOERROR" });
    expect(upstream.asked).toEqual([]);
    await daemon.api("DELETE", "/containers/inner?force=1");
  });
});

describe("the server's place", () => {
  it("leaves port 53 to a server of the container's own, which --dns may name", async () => {
    await run("server", "app", { hostConfig: { Dns: ["127.0.0.1"] } });
    await using own = await serveIn(await pidOf("server"), "10.77.0.7");
    expect(await from("server", "own.example")).toMatchObject({ records: ["A 10.77.0.7"] });
    expect(await from("server", "web2")).toMatchObject({ records: [`A ${await addressOf("web2", "app")}`] });
    expect(await say("server", "nslookup -type=a direct.example 127.0.0.1")).toContain("10.77.0.7");
    expect(await say("web", "nslookup -type=a remote.example server")).toContain("10.77.0.7");
    expect(own.asked).toEqual(["own.example", "direct.example", "remote.example"]);
    expect(upstream.asked).toEqual([]);
    await daemon.api("DELETE", "/containers/server?force=1");
  });

  it("drops what is malformed, and goes on", async () => {
    const pid = await pidOf("web");
    await expect(overUdp(pid, Buffer.from("junk"), 200)).rejects.toThrow("no answer");
    const answer = dns.encode({ type: "response", id: 1, questions: [{ type: "A", name: "web2" }] });
    await expect(overUdp(pid, answer, 200)).rejects.toThrow("no answer");
    expect((await from("web", "web2")).code).toBe("NOERROR");
  });

  it("is taken up by a new daemon, while containers run on", async () => {
    const pid = await pidOf("web");
    const question = dns.encode({ type: "query", id: 1, questions: [{ type: "A", name: "web2" }] });
    await daemon.kill();
    await expect(overUdp(pid, question, 200)).rejects.toThrow("no answer");
    await daemon.start();
    const address = await addressOf("web2", "app");
    for (const transport of ["udp", "tcp"] as const) {
      expect(await from("web", "pool", "A", { transport })).toMatchObject({ records: expect.arrayContaining([`A ${address}`]) as unknown });
    }
    expect(await from("web", "again.example")).toMatchObject({ records: ["A 192.0.2.1"] });
  });
});

describe("dhow dns trace", () => {
  const trace = async (name: string, more = "") =>
    (await daemon.api("GET", `/containers/web/dns?name=${name}${more}`)).json.Steps as Record<string, unknown>[];

  it("tells what answers a name, and why", async () => {
    const address = await addressOf("web2", "app");
    expect(await trace("second")).toMatchObject([
      { Source: "network", Network: "app", Reason: "a container's host name on network app", Records: [`A ${address} (5 s)`] },
    ]);
    expect(await trace(address)).toMatchObject([{ Source: "reverse", Records: ["PTR web2.app (5 s)"] }]);
    expect(await trace("traced.example")).toMatchObject([
      {
        Source: "server",
        Attempts: [{ Server: upstream.address, From: "host", Transport: "udp", Code: "NOERROR" }],
        Records: ["A 192.0.2.1 (60 s)"],
      },
    ]);
    expect(await trace("traced.example")).toMatchObject([{ Source: "cache", Attempts: [] }]);
    expect(await trace("db")).toMatchObject([
      { Source: "other-network", Code: "NXDOMAIN" },
      { Name: "db.corp.example", Code: "NOERROR" },
    ]);
    expect(await trace("localhost")).toMatchObject([{ Source: "hosts file", Records: ["A 127.0.0.1"] }]);
    const types = ["TYPE99", "AAAA", "PTR"].map(
      async (type) => (await daemon.api("GET", `/containers/web/dns?name=web2&type=${type}`)).status,
    );
    expect(await Promise.all(types)).toEqual([400, 200, 200]);
    expect(
      await Promise.all(
        ["web/dns", "web/dns?name=a..b", "nobody/dns?name=a"].map(async (path) => (await daemon.api("GET", `/containers/${path}`)).status),
      ),
    ).toEqual([400, 400, 404]);
  });

  it("is shown by the command line", async () => {
    const found = await dhowCli(daemon).run(["dns", "trace", "web", "second"]);
    expect(found).toMatchObject({ code: 0, stderr: "" });
    expect(found.stdout).toMatch(
      /^web asks the embedded server, 127\.0\.0\.11, for A of second\n {2}second: NOERROR from network \(a container's host name on network app\), [\d.]+ ms\n {4}A [\d.]+ \(5 s\)\n$/,
    );
    expect(await dhowCli(daemon).run(["dns", "trace", "web", "nosuch.example."])).toMatchObject({ code: 1 });
  });
});

it("a container that asks without end delays neither the others nor the API", async () => {
  const [flooding, other] = [await pidOf("web"), await pidOf("db")];
  const load = fileURLToPath(new URL("../../support/dns-load.ts", import.meta.url));
  const flood = spawn("nsenter", [`--net=/proc/${flooding}/ns/net`, process.execPath, load, "web2", "2000", "2000"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const printed = flood.stdout.setEncoding("utf8").toArray() as Promise<string[]>;
  const [names, pings]: [number[], number[]] = [[], []];
  while (flood.exitCode === null) {
    const began = performance.now();
    expect((await ask(other, "db")).code).toBe("NOERROR");
    const then = performance.now();
    await daemon.api("GET", "/_ping");
    names.push(then - began);
    pings.push(performance.now() - then);
  }
  expect(median(names)).toBeLessThan(250);
  expect(median(pings)).toBeLessThan(250);
  expect(Number((await printed).join("").split(" ")[0])).toBeGreaterThan(100);
});
