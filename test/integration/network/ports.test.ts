import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { freePort } from "../../support/registry.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

const SERVE = ["sh", "-c", "mkdir /www; echo ahoy >/www/index.html; exec httpd -f -vv -p 80 -h /www 2>&1"];

/** A neighbour: a host of its own on a wire to this one, which knows this host as its gateway. */
const neighbour = `${daemon.instance.name}-n`;
const wire = `${daemon.instance.name}w`;
const sh = (script: string): string => execFileSync("sh", ["-ec", script], { encoding: "utf8" });
const fromNeighbour = (url: string): string => {
  try {
    return sh(`ip netns exec ${neighbour} curl -s -m 2 ${url}`);
  } catch {
    return "refused";
  }
};

beforeAll(() => {
  sh(`ip netns add ${neighbour}
ip link add ${wire} type veth peer name eth0 netns ${neighbour}
ip addr add 198.18.77.1/24 dev ${wire} && ip link set ${wire} up
ip netns exec ${neighbour} sh -ec 'ip addr add 198.18.77.2/24 dev eth0; ip link set lo up; ip link set eth0 up; ip route add default via 198.18.77.1'`);
});
afterAll(() => sh(`ip netns delete ${neighbour}; ip link delete ${wire} 2>/dev/null || true`));

describe("published ports", () => {
  it("answer on the host, on localhost, to a neighbour, and keep the client's address", async () => {
    const port = await freePort();
    const id = await docker.ok("run", "-d", "-p", `${port}:80`, BUSYBOX, ...SERVE);
    await eventually(async () => expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("ahoy\n"));
    await eventually(() => expect(fromNeighbour(`http://198.18.77.1:${port}/`)).toBe("ahoy\n"));
    await eventually(async () => expect(await docker.ok("logs", id)).toContain("198.18.77.2"));
    await docker.ok("rm", "-f", id);
  });

  it("bound to 127.0.0.1 answer there and are out of a neighbour's reach, by any route", async () => {
    const port = await freePort();
    const id = await docker.ok("run", "-d", "-p", `127.0.0.1:${port}:80`, BUSYBOX, ...SERVE);
    await eventually(async () => expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("ahoy\n"));
    expect(fromNeighbour(`http://198.18.77.1:${port}/`)).toBe("refused");
    sh(
      `ip netns exec ${neighbour} sh -ec 'ip addr del 127.0.0.1/8 dev lo; echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet; ip route add 127.0.0.1/32 via 198.18.77.1'`,
    );
    expect(fromNeighbour(`http://127.0.0.1:${port}/`)).toBe("refused");
    sh(`ip netns exec ${neighbour} sh -ec 'ip route del 127.0.0.1/32; ip addr add 127.0.0.1/8 dev lo'`);
    const address = await docker.ok("inspect", "--format", "{{.NetworkSettings.Networks.bridge.IPAddress}}", id);
    expect(fromNeighbour(`http://${address}/`)).toBe("refused");
    await docker.ok("rm", "-f", id);
  });

  it("leave what is not published out of a neighbour's reach", async () => {
    const id = await docker.ok("run", "-d", BUSYBOX, ...SERVE);
    const address = await docker.ok("inspect", "--format", "{{.NetworkSettings.Networks.bridge.IPAddress}}", id);
    await eventually(async () => expect(await (await fetch(`http://${address}/`)).text()).toBe("ahoy\n"));
    expect(fromNeighbour(`http://${address}/`)).toBe("refused");
    await docker.ok("rm", "-f", id);
  });

  it("are chosen by the engine when none is named, and may be a host's own address", async () => {
    const id = await docker.ok("run", "-d", "-P", "--expose", "80", "-p", "198.18.77.1::81", BUSYBOX, ...SERVE);
    const chosen = Number((await docker.ok("port", id, "80/tcp")).split("\n")[0]?.split(":").at(-1));
    await eventually(async () => expect(await (await fetch(`http://127.0.0.1:${chosen}/`)).text()).toBe("ahoy\n"));
    expect(await docker.ok("port", id, "81/tcp")).toMatch(/^198\.18\.77\.1:\d+$/);
    await docker.ok("rm", "-f", id);
  });

  it("name the port when a program of the host has it", async () => {
    const { createServer } = await import("node:net");
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, "0.0.0.0", () => resolve((server.address() as { port: number }).port)),
    );
    const { code, stderr } = await docker.run(["run", "--rm", "-p", `${port}:80`, BUSYBOX, "true"]);
    server.close();
    expect([code, stderr]).toEqual([125, expect.stringMatching(new RegExp(`${port}.*(already allocated|address already in use)`))]);
    expect(await docker.ok("ps", "-aq", "--filter", `publish=${port}`)).toBe("");
  });
});

describe("the default networks", () => {
  it("bridge: containers reach each other and the host's gateway, not the API", async () => {
    const server = await docker.ok("run", "-d", BUSYBOX, ...SERVE);
    const address = await docker.ok("inspect", "--format", "{{.NetworkSettings.Networks.bridge.IPAddress}}", server);
    await eventually(async () =>
      expect(await docker.ok("run", "--rm", BUSYBOX, "wget", "-q", "-O", "-", `http://${address}/`)).toBe("ahoy"),
    );
    const seen = await docker.ok("run", "--rm", BUSYBOX, "sh", "-c", "cat /proc/net/unix | grep -c @ ; ls /run 2>/dev/null | wc -l");
    expect(seen.split("\n")[0]).toBe("0");
    await docker.ok("rm", "-f", server);
  });

  it("none: loopback and nothing else", async () => {
    expect(
      await docker.ok(
        "run",
        "--rm",
        "--network",
        "none",
        BUSYBOX,
        "sh",
        "-c",
        "ls /sys/class/net; ip addr show lo | grep -c 'inet 127.0.0.1'; ping -c 1 -W 1 127.0.0.1 >/dev/null && echo up",
      ),
    ).toBe("lo\n1\nup");
  });

  it("host: the host's own interfaces and name", async () => {
    const { hostname } = await import("node:os");
    expect(await docker.ok("run", "--rm", "--network", "host", BUSYBOX, "sh", "-c", `hostname; ls /sys/class/net | grep -c ${wire}`)).toBe(
      `${hostname()}\n1`,
    );
  });

  it("container:X: the same interfaces as X", async () => {
    const id = await docker.ok("run", "-d", BUSYBOX, "sleep", "1000");
    const address = await docker.ok("inspect", "--format", "{{.NetworkSettings.Networks.bridge.IPAddress}}", id);
    expect(await docker.ok("run", "--rm", "--network", `container:${id}`, BUSYBOX, "hostname", "-i")).toContain(address);
    await docker.ok("rm", "-f", id);
  });

  it("a network that is none is refused by name", async () => {
    const { code, stderr } = await docker.run(["run", "--rm", "--network", "no-such-network", BUSYBOX, "true"]);
    expect([code, stderr]).toEqual([125, expect.stringContaining("network no-such-network not found")]);
  });
});
