import { describe, expect, test } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import { eventually, Harness } from "../testing/harness.ts";

test("a container is what was asked for, completed by its image", async () => {
  await using harness = new Harness();
  harness.images.add("app", {
    Entrypoint: ["/app"],
    Cmd: ["serve"],
    Env: ["PATH=/bin"],
    ExposedPorts: { "80/tcp": {} },
    WorkingDir: "/srv/../opt",
  });
  const { id, warnings } = await harness.service.create({
    name: "/web",
    config: { Image: "app", Env: ["A=1"] },
    hostConfig: { Memory: 1000, PidsLimit: 0 },
    endpoints: {},
    platform: undefined,
  });
  expect(warnings).toEqual([]);
  const container = harness.service.find("web");
  expect(container).toMatchObject({ id, name: "web", state: { status: "created" }, restartCount: 0 });
  expect(container.config).toMatchObject({ Hostname: id.slice(0, 12), Entrypoint: ["/app"], Cmd: ["serve"], WorkingDir: "/opt" });
  expect(container.hostConfig).toMatchObject({
    NetworkMode: "bridge",
    RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
    LogConfig: { Type: "json-file" },
    IpcMode: "private",
    MemorySwap: 2000,
    PidsLimit: undefined,
    MaskedPaths: ["/proc/kcore"],
  });
  expect(harness.events.events).toEqual([
    { type: "container", action: "create", id, attributes: expect.objectContaining({ name: "web", image: "app" }) as object },
  ]);
});

test("AutoRemove asks for a root that may be lost", async () => {
  await using harness = new Harness();
  const id = await harness.create("gone", { hostConfig: { AutoRemove: true } });
  expect(harness.snapshots.writables.get(id)).toMatchObject({ disposable: true });
});

describe("what is refused leaves nothing", () => {
  test.each<[string, object, object, string, string]>([
    ["an unknown image", { Image: "nosuch" }, {}, "not-found", "No such image: nosuch:latest"],
    ["no image", {}, {}, "invalid", "config cannot be empty in order to create a container"],
    ["a hasty health check", { Healthcheck: { Interval: 5 } }, {}, "invalid", "Interval in Healthcheck cannot be less than 1ms"],
    [
      "AutoRemove and a restart policy",
      {},
      { AutoRemove: true, RestartPolicy: { Name: "always" } },
      "invalid",
      "can't create 'AutoRemove' container",
    ],
    ["another's processes, unknown", {}, { PidMode: "container:nosuch" }, "invalid", "No such container: nosuch"],
    ["another's volumes, unknown", {}, { VolumesFrom: ["nosuch"] }, "invalid", "No such container: nosuch"],
    [
      "a host name in another's network",
      { Hostname: "x" },
      { NetworkMode: "container:a" },
      "invalid",
      "conflicting options: hostname and the network mode",
    ],
    [
      "ports in another's network",
      {},
      { NetworkMode: "container:a", PublishAllPorts: true },
      "invalid",
      "conflicting options: port publishing",
    ],
    ["a host name and the host's", { Hostname: "x" }, { UTSMode: "host" }, "invalid", "conflicting options: hostname and the UTS mode"],
    ["an unknown runtime", {}, { Runtime: "nosuch" }, "invalid", "unknown or invalid runtime name: nosuch"],
    [
      "an unknown log option",
      {},
      { LogConfig: { Type: "json-file", Config: { bogus: "1" } } },
      "invalid",
      "unknown log opt 'bogus' for json-file log driver",
    ],
    ["a bad log option", {}, { LogConfig: { Config: { "max-size": "x" } } }, "invalid", "initialize logging driver: invalid size: 'x'"],
    ["an unknown log driver", {}, { LogConfig: { Type: "bogus" } }, "invalid", "logger: no log driver named 'bogus' is registered"],
  ])("%s", async (_name, config, hostConfig, category, message) => {
    await using harness = new Harness();
    const image = _name.includes("image") ? {} : { Image: "busybox" };
    const creation = harness.service.create({
      name: "web",
      config: { ...image, ...config },
      hostConfig,
      endpoints: {},
      platform: undefined,
    });
    await expect(creation).rejects.toMatchObject({ category, message: expect.stringContaining(message) as string });
    expect(harness.snapshots.writables.size).toBe(0);
    expect(harness.service.all()).toEqual([]);
    expect(harness.events.events).toEqual([]);
    await expect(harness.create("web")).resolves.toBeTruthy();
  });
});

test("of two creates of one name at once, one wins and the other leaves nothing", async () => {
  await using harness = new Harness();
  const results = await Promise.allSettled([harness.create("web"), harness.create("web")]);
  const [winner] = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const [loser] = results.flatMap((result) => (result.status === "rejected" ? [result.reason as EngineError] : []));
  expect(loser?.category).toBe("conflict");
  expect(loser?.message).toBe(
    `Conflict. The container name "/web" is already in use by container "${winner}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
  expect(harness.service.all().map(({ id }) => id)).toEqual([winner]);
  expect([...harness.snapshots.writables.keys()]).toEqual([winner]);
});

test.each(["snapshots", "volumes"] as const)("when the %s fail everything is undone, and the name is free", async (part) => {
  await using harness = new Harness();
  const full = new EngineError("exhausted", "no space left on device");
  if (part === "snapshots") harness.snapshots.failure = full;
  else harness.volumes.planFailure = full;
  await expect(harness.create("web")).rejects.toBe(full);
  harness.snapshots.failure = undefined;
  harness.volumes.planFailure = undefined;
  await eventually(() => harness.snapshots.writables.size === 0 && harness.volumes.released.length === 1);
  await expect(harness.create("web")).resolves.toBeTruthy();
});

test("containers without a name get one of their own", async () => {
  await using harness = new Harness();
  const config = { Image: "busybox" };
  const make = async (): Promise<string> =>
    (await harness.service.create({ name: undefined, config, hostConfig: {}, endpoints: {}, platform: undefined })).id;
  const ids = [await make(), await make()];
  expect(new Set(ids.map((id) => harness.service.find(id).name)).size).toBe(2);
  expect(harness.service.find(ids[0] ?? "").name).toMatch(/^[a-z]+_[a-z]+\d*$/);
});

test("another container is kept by its id, and its volumes are inherited", async () => {
  await using harness = new Harness();
  const donor = await harness.create("donor", { config: { Volumes: { "/data": {} } } });
  const id = await harness.create("joiner", {
    hostConfig: { NetworkMode: "container:donor", PidMode: "container:donor", VolumesFrom: ["donor:ro"] },
  });
  const { hostConfig, mounts } = harness.service.find(id);
  expect(hostConfig).toMatchObject({ NetworkMode: `container:${donor}`, PidMode: `container:${donor}` });
  expect(mounts).toMatchObject([{ target: "/data", readOnly: true, shown: { RW: false } }]);
});

test("an image for another machine is a warning, unless a platform was asked for", async () => {
  await using harness = new Harness();
  const image = harness.images.add("foreign");
  harness.images.images.set("foreign", { ...image, config: { ...image.config, architecture: "s390x" } });
  const create = async (name: string, platform: string | undefined): Promise<readonly string[]> =>
    (await harness.service.create({ name, config: { Image: "foreign" }, hostConfig: {}, endpoints: {}, platform })).warnings;
  expect(await create("one", undefined)).toEqual([expect.stringContaining("(linux/s390x) does not match the detected host platform")]);
  expect(await create("two", "linux/s390x")).toEqual([]);
});

test("a health check of a kind that nobody knows is kept, with a warning", async () => {
  await using harness = new Harness();
  const create = async (name: string, Healthcheck: object): Promise<readonly string[]> =>
    (await harness.service.create({ name, config: { Image: "busybox", Healthcheck }, hostConfig: {}, endpoints: {}, platform: undefined }))
      .warnings;
  expect(await create("one", { Test: ["HTTP", "/"] })).toEqual([expect.stringContaining('Unknown health check type "HTTP"')]);
  expect(await create("two", { Test: ["NONE"] })).toEqual([]);
  expect(await create("three", { Test: ["CMD", "true"] })).toEqual([]);
  expect(harness.service.find("one").config.Healthcheck).toEqual({ Test: ["HTTP", "/"] });
});

test("the network noun changes on which networks a container is to be", async () => {
  await using harness = new Harness();
  const id = await harness.create("web", { hostConfig: { NetworkMode: "default" } });
  const { directory } = harness.service;
  expect(directory.find("web")).toEqual({ id, running: false, networkMode: "bridge", networks: ["bridge"] });
  await directory.setEndpoint(id, "app", { Aliases: ["www"] });
  await directory.setEndpoint(id, "bridge", undefined);
  expect(harness.service.find(id).endpoints).toEqual({ app: { Aliases: ["www"] } });
  harness.crash();
  expect(harness.service.find(id).endpoints).toEqual({ app: { Aliases: ["www"] } });
});
