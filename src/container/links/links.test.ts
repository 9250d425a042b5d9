import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseLink } from "#spec/network/link.ts";
import { containerPaths } from "../record/paths.ts";
import { Harness } from "../testing/harness.ts";
import { linkVariables } from "./environment.ts";
import { withLines } from "./hosts.ts";

describe("a link as it is written", () => {
  test.each([
    ["db", { name: "db", alias: "db" }],
    ["db:data", { name: "db", alias: "data" }],
    ["/db:/web/data", { name: "db", alias: "data" }],
  ])("%s", (text, link) => {
    expect(parseLink(text)).toEqual(link);
  });

  test.each([
    ["", "empty string specified for links"],
    ["a:b:c", "bad format for links: a:b:c"],
    [":b", "bad format for links: :b"],
    ["a:", "bad format for links: a:"],
    ["a:x\n10.0.0.1\ty", "bad format for links"],
    ["a:b c", "bad format for links"],
  ])("%j is refused", (text, message) => {
    expect(() => parseLink(text)).toThrow(message);
  });
});

test("the variables of a link, as dockerd 28.5 makes them", () => {
  const config = {
    ExposedPorts: { "80/tcp": {}, "5432/udp": {}, "7000/tcp": {}, "7001/tcp": {}, "7002/tcp": {} },
    Env: ["A=b", "HOME=/x", "PATH=/bin", "odd"],
  };
  const variables = linkVariables("/web/d-b", "10.0.0.2", config);
  expect(variables.slice(0, 5)).toEqual([
    "D_B_PORT=tcp://10.0.0.2:80",
    "D_B_PORT_7000_TCP_START=tcp://10.0.0.2:7000",
    "D_B_PORT_7000_TCP_PORT_START=7000",
    "D_B_PORT_7000_TCP_END=tcp://10.0.0.2:7002",
    "D_B_PORT_7000_TCP_PORT_END=7002",
  ]);
  expect(variables).toContain("D_B_PORT_5432_UDP_PROTO=udp");
  expect(variables).toContain("D_B_PORT_80_TCP_ADDR=10.0.0.2");
  expect(variables).toContain("D_B_PORT_80_TCP_PORT=80");
  expect(variables.slice(-2)).toEqual(["D_B_NAME=/web/d-b", "D_B_ENV_A=b"]);
  expect(linkVariables("/web/db", "10.0.0.2", {})).toEqual(["DB_NAME=/web/db"]);
});

test("lines of a hosts file take the place of those for the same names", () => {
  const hosts = "127.0.0.1\tlocalhost\n10.0.0.2\tdb\n10.0.0.3\tme\n";
  const after = "127.0.0.1\tlocalhost\n10.0.0.3\tme\n10.0.0.9\tdb\n";
  expect(withLines(hosts, [{ address: "10.0.0.9", names: "db" }])).toBe(after);
  expect(withLines(after, [])).toBe(after);
  expect(withLines("x\ty", [{ address: "1", names: "a b" }])).toBe("x\ty\n1\ta b\n");
});

const BRIDGE = { NetworkMode: "bridge" };

describe("links of the default bridge", () => {
  test("are found at creation, and shown with the names of today", async () => {
    await using harness = new Harness();
    await harness.create("db", { hostConfig: BRIDGE });
    await harness.create("web", { hostConfig: { ...BRIDGE, Links: ["db:data", "db"] } });
    await harness.service.rename("db", "db2");
    expect((await harness.service.inspect("web", false)).links).toEqual(["/db2:/web/data", "/db2:/web/db"]);
    const listed = await harness.service.list({ all: true, limit: 0, size: false, filters: new Map() });
    expect(listed.map(({ linkNames }) => linkNames)).toEqual([[], ["/web/data", "/web/db"]]);
    await harness.service.remove("web/data", { force: false, volumes: false, link: true });
    expect((await harness.service.inspect("web", false)).links).toEqual(["/db2:/web/db"]);
    for (const path of ["web/data", "web/db/x"]) {
      const attempt = harness.service.remove(path, { force: false, volumes: false, link: true });
      await expect(attempt).rejects.toMatchObject({ category: "not-found" });
    }
  });

  test.each<[object, string]>([
    [{ Links: ["nosuch:x"] }, "could not get container for nosuch: No such container: nosuch"],
    [{ Links: ["onhost"] }, "conflicting options: host type networking can't be used with links"],
    [{ Links: ["db"], NetworkMode: "host" }, "conflicting options: host type networking can't be used with links"],
    [{ Links: ["db"], NetworkMode: "none" }, "conflicting options: a container without network can't be used with links"],
    [{ Links: ["a:b:c"] }, "bad format for links: a:b:c"],
  ])("%j is refused", async (hostConfig, message) => {
    await using harness = new Harness();
    await harness.create("db", { hostConfig: BRIDGE });
    await harness.create("onhost", { hostConfig: { NetworkMode: "host" } });
    const attempt = harness.create("web", { hostConfig: { ...BRIDGE, ...hostConfig } });
    await expect(attempt).rejects.toMatchObject({ category: "invalid", message: expect.stringContaining(message) as unknown });
  });

  test("need the other container to run, and are written into files and variables", async () => {
    await using harness = new Harness();
    const db = await harness.create("db", { hostConfig: BRIDGE, config: { Env: ["A=b"], Hostname: "dbhost" } });
    const web = await harness.create("web", { hostConfig: { ...BRIDGE, Links: ["db:data"] } });
    await expect(harness.service.start("web")).rejects.toThrow("Cannot link to a non running container: /db AS /web/data");
    await harness.service.start("db");
    await harness.service.start("web");
    const { hosts } = containerPaths(harness.options.instance, web);
    expect(readFileSync(hosts, "utf8")).toBe("127.0.0.1 localhost\n10.0.0.2\tdata dbhost db\n");
    expect(harness.runtime.runs.get(web)?.request.spec).toBeDefined();
    writeFileSync(hosts, "10.0.0.77\tdata dbhost db\n8.8.8.8\tmine\n");
    await harness.service.restart(db, { timeout: 0, signal: undefined });
    expect(readFileSync(hosts, "utf8")).toBe("8.8.8.8\tmine\n10.0.0.2\tdata dbhost db\n");
  });
});

test("links of a user's network may name a container that is yet to come", async () => {
  await using harness = new Harness();
  const endpoints = { app: { Links: ["db:data"] } };
  const request = { config: { Image: "busybox" }, hostConfig: { NetworkMode: "app" }, platform: undefined };
  const { id } = await harness.service.create({ ...request, name: "web", endpoints });
  await harness.service.start(id);
  const { hosts } = containerPaths(harness.options.instance, id);
  expect(readFileSync(hosts, "utf8")).not.toContain("data");
  await harness.service.create({ ...request, name: "db", endpoints: {} });
  await harness.service.start("db");
  expect(readFileSync(hosts, "utf8")).toContain("10.0.0.2\tdata\n");
});
