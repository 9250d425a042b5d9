import { expect, it } from "vitest";
import { useDaemon, type Answer } from "../../support/daemon.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

const daemon = useDaemon({ images: [busyboxArchive] });

async function create(name: string, body: object = {}): Promise<Answer> {
  return await daemon.api("POST", `/containers/create?name=${name}`, { Image: BUSYBOX, Cmd: ["sleep", "1000"], ...body });
}

async function run(name: string, body: object = {}): Promise<void> {
  expect(await create(name, body)).toMatchObject({ status: 201 });
  expect(await daemon.api("POST", `/containers/${name}/start`)).toMatchObject({ status: 204 });
}

/** What a program prints inside, from its log: exec has no frames to take apart there. */
async function say(name: string, script: string): Promise<string> {
  const exec = { Cmd: ["sh", "-c", script], AttachStdout: true, AttachStderr: true, Tty: true };
  const { json } = await daemon.api("POST", `/containers/${name}/exec`, exec);
  return (await daemon.api("POST", `/exec/${json.Id}/start`, { Tty: true })).text.replaceAll("\r\n", "\n");
}

const networksOf = async (name: string) => (await daemon.api("GET", `/containers/${name}/json`)).json.NetworkSettings.Networks;

it("a container comes to several networks at once, with addresses, names and sysctls of its user's", async () => {
  const [alpha, beta] = ["10.213.81.0/24", "10.213.82.0/24"];
  for (const [Name, Subnet] of [
    ["alpha", alpha],
    ["beta", beta],
  ]) {
    expect(await daemon.api("POST", "/networks/create", { Name, IPAM: { Config: [{ Subnet }] } })).toMatchObject({ status: 201 });
  }
  const EndpointsConfig = {
    beta: {
      GwPriority: 5,
      MacAddress: "02:00:00:00:00:77",
      DriverOpts: {
        "com.docker.network.endpoint.ifname": "lan.0",
        "com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.neigh.IFNAME.gc_stale_time=77",
      },
    },
    alpha: { IPAMConfig: { IPv4Address: "10.213.81.77" }, Aliases: ["db", "data"] },
  };
  const answer = await create("several", { HostConfig: { NetworkMode: "alpha" }, NetworkingConfig: { EndpointsConfig } });
  expect(answer).toMatchObject({ status: 201 });
  expect(answer.json.Warnings).toEqual([]);
  expect(await networksOf("several")).toMatchObject({ alpha: { Aliases: ["db", "data"], DNSNames: null, IPAddress: "" } });
  for (let run = 0; run < 2; run++) {
    expect(await daemon.api("POST", "/containers/several/start")).toMatchObject({ status: 204 });
    const shown = await networksOf("several");
    expect(shown.alpha).toMatchObject({ IPAddress: "10.213.81.77", Aliases: ["db", "data"], GwPriority: 0 });
    expect(shown.alpha.DNSNames).toEqual(["several", "db", "data", answer.json.Id.slice(0, 12)]);
    expect(shown.beta).toMatchObject({ MacAddress: "02:00:00:00:00:77", GwPriority: 5, Aliases: null });
    const inside = await say(
      "several",
      "ip -o -4 addr; ip route; cat /proc/sys/net/ipv4/conf/lan.0/log_martians /proc/sys/net/ipv4/neigh/lan.0/gc_stale_time",
    );
    expect(inside).toMatch(/eth0\s+inet 10\.213\.81\.77\/24/);
    expect(inside).toMatch(/lan\.0\s+inet 10\.213\.82\.\d+\/24/);
    expect(inside).toContain("default via 10.213.82.1 dev lan.0");
    expect(inside).toMatch(/\n1\n77\n$/);
    await daemon.api("POST", "/containers/several/stop?t=0");
  }
});

it("what an inspect shows makes the same container again, without its addresses of then", async () => {
  await run("first", { HostConfig: { NetworkMode: "alpha" } });
  const shown = (await daemon.api("GET", "/containers/first/json")).json;
  const again = { ...shown.Config, HostConfig: shown.HostConfig, NetworkingConfig: { EndpointsConfig: shown.NetworkSettings.Networks } };
  await run("second", again);
  const [first, second] = [(await networksOf("first")).alpha, (await networksOf("second")).alpha];
  expect(second.IPAMConfig).toBeNull();
  expect(second.IPAddress).not.toBe(first.IPAddress);
  expect(second.MacAddress).not.toBe(first.MacAddress);
});

it("linked containers know each other by name, also after one has a new address", async () => {
  await run("db", { ExposedPorts: { "5432/tcp": {} }, Env: ["USER=admin"] });
  expect(await create("web", { HostConfig: { Links: ["db:data-base"] } })).toMatchObject({ status: 201 });
  await daemon.api("POST", "/containers/db/stop?t=0");
  expect(await daemon.api("POST", "/containers/web/start")).toMatchObject({
    status: 409,
    json: { message: "Cannot link to a non running container: /db AS /web/data-base" },
  });
  await daemon.api("POST", "/containers/db/start");
  expect(await daemon.api("POST", "/containers/web/start")).toMatchObject({ status: 204 });
  const address = (await networksOf("db")).bridge.IPAddress as string;
  const ping = "ping -c1 -W2 data-base >/dev/null && echo reached";
  expect(await say("web", `echo $DATA_BASE_PORT $DATA_BASE_ENV_USER $DATA_BASE_NAME; ${ping}`)).toBe(
    `tcp://${address}:5432 admin /web/data-base\nreached\n`,
  );
  expect((await daemon.api("GET", "/containers/web/json")).json.HostConfig.Links).toEqual(["/db:/web/data-base"]);
  expect((await daemon.api("GET", '/containers/json?filters={"name":["db"]}')).json).toMatchObject([{ Names: ["/db", "/web/data-base"] }]);
  await daemon.api("POST", "/containers/db/stop?t=0");
  await run("squatter");
  await daemon.api("POST", "/containers/db/start");
  const moved = (await networksOf("db")).bridge.IPAddress as string;
  expect(moved).not.toBe(address);
  expect(await say("web", `grep data-base /etc/hosts; ${ping}`)).toMatch(new RegExp(`^${moved}\\tdata-base .* db\\nreached\\n$`));
  // A daemon that is killed in between keeps who is linked to whom.
  await daemon.kill();
  await daemon.start();
  await daemon.api("POST", "/containers/db/stop?t=0");
  await daemon.api("POST", "/containers/squatter/stop?t=0");
  await daemon.api("POST", "/containers/db/start");
  await eventually(async () => expect(await say("web", ping)).toBe("reached\n"));
  expect(await daemon.api("DELETE", "/containers/web/data-base?link=1")).toMatchObject({ status: 204 });
  expect((await daemon.api("GET", "/containers/web/json")).json.HostConfig.Links).toEqual([]);
});

it("links on a user's network reach who comes later", async () => {
  const NetworkingConfig = { EndpointsConfig: { beta: { Links: ["later:friend"] } } };
  await run("early", { HostConfig: { NetworkMode: "beta" }, NetworkingConfig });
  expect(await say("early", "grep -c friend /etc/hosts")).toBe("0\n");
  await run("later");
  expect(await daemon.api("POST", "/networks/beta/connect", { Container: "later" })).toMatchObject({ status: 200 });
  expect(await say("early", "ping -c1 -W2 friend >/dev/null && echo reached")).toBe("reached\n");
});
