import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { NetworkService } from "../service.ts";
import { Guests } from "../testdata/guests.ts";
import { IsolatedHost } from "../testdata/isolated-host.ts";

let host: IsolatedHost;
let networks: NetworkService;
let guests: Guests;

vi.setConfig({ testTimeout: 30_000 });

beforeAll(() => {
  host = new IsolatedHost();
});

beforeEach(async () => {
  networks = await host.service({ verifyEveryMs: 100 });
  await networks.restore(new Set());
  guests = new Guests(host, networks);
  await networks.create({ Name: "web" });
  await guests.run("server", { mode: "web", portBindings: { "80/tcp": [{ HostPort: "" }] } });
  await guests.run("client", { mode: "web" });
});

afterEach(async () => {
  host.stopServers();
  await networks.teardown();
  host.assertClean();
  host.reset();
});

afterAll(async () => await host.end());

const bridge = (): string => `${host.instance.vethPrefix}b${networks.inspect("web").network.id.slice(0, 8)}`;
const hostEnd = (id: string): string => networks.inspect("web").containers.find((one) => one.id === id)?.endpoint.link?.hostName ?? "";
const between = (): string => host.fetch(guests.netns("client"), guests.endpoint("server").IPAddress ?? "");
const between6 = (): string => host.fetch(guests.netns("client"), `[${guests.endpoint("server").GlobalIPv6Address}]`);
const published = (): string => host.fetch(host.host, `127.0.0.1:${guests.hostPort("server")}`);

it("makes a bridge anew that was deleted by hand, with its addresses and everybody on it", async () => {
  const before = host.run(host.host, "ip", "-br", "address", "show", bridge()).split(/\s+/).slice(2, 4);
  host.run(host.host, "ip", "link", "delete", bridge());
  expect(between()).toBe("blocked");
  await expect.poll(between).toBe("this is server");
  await expect.poll(published).toBe("this is server");
  expect(host.run(host.host, "ip", "-br", "address", "show", bridge()).split(/\s+/).slice(2, 4)).toEqual(before);
});

it("makes a container's interface anew that was deleted by hand, under its addresses of both families", async () => {
  const shown = (): string =>
    host.run(guests.netns("server"), "ip", "-o", "address", "show", "scope", "global").replaceAll(/@if\d+|^\d+:/gm, "");
  const before = shown();
  host.run(host.host, "ip", "link", "delete", hostEnd("server"));
  await expect.poll(between).toBe("this is server");
  await expect.poll(between6).toBe("this is server");
  await expect.poll(published).toBe("this is server");
  expect(shown()).toBe(before);
  expect(host.run(guests.netns("server"), "ip", "route")).toContain(`default via ${guests.endpoint("server").Gateway}`);
});

it("has a container start at once on a network whose bridge is gone, and removes what is gone without a word", async () => {
  host.run(host.host, "ip", "link", "delete", bridge());
  await guests.run("late", { mode: "web" });
  expect(host.fetch(guests.netns("late"), guests.endpoint("late").IPAddress ?? "")).toBe("this is late");
  await expect.poll(() => host.fetch(guests.netns("late"), guests.endpoint("server").IPAddress ?? "")).toBe("this is server");
  host.run(host.host, "ip", "link", "delete", hostEnd("late"));
  for (const id of ["late", "server", "client"]) await networks.release(id);
  host.run(host.host, "ip", "link", "delete", bridge());
  await networks.remove("web");
});
