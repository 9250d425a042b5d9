import { expect, test } from "vitest";
import { eventually, Harness } from "../testing/harness.ts";

const label = (service: string, dependsOn = ""): object => ({
  "com.docker.compose.project": "app",
  "com.docker.compose.service": service,
  "com.docker.compose.depends_on": dependsOn,
});

const always = { RestartPolicy: { Name: "always" } };

/** Containers that ran when the host went down. */
async function rebooted(
  harness: Harness,
  services: readonly (readonly [name: string, dependsOn: string, config?: object])[],
): Promise<void> {
  for (const [name, dependsOn, config = {}] of services)
    await harness.run(name, { config: { ...config, Labels: label(name, dependsOn) }, hostConfig: always });
  harness.runtime.runs.clear();
  harness.runtime.calls.length = 0;
  harness.crash();
}

const created = (harness: Harness): string[] =>
  harness.runtime.calls.filter((call) => call.startsWith("create")).map((call) => harness.service.find(call.split(" ")[1] ?? "").name);

test("each is started after what it depends on, those that depend on nothing at once", async () => {
  await using harness = new Harness();
  await rebooted(harness, [
    ["web", "api:service_started:false"],
    ["api", "db:service_started:false,cache:service_started:false"],
    ["cache", ""],
    ["db", ""],
  ]);
  await harness.service.restore();
  await eventually(() => created(harness).length === 4);
  expect(created(harness).slice(2)).toEqual(["api", "web"]);
});

test("what depends on health waits for it, while the others come up and one that cannot start holds up nobody", async () => {
  await using harness = new Harness();
  const Healthcheck = { Test: ["CMD", "ready"], Interval: 20_000_000 };
  await rebooted(harness, [
    ["web", "db:service_healthy:false"],
    ["db", "", { Healthcheck }],
    ["lone", ""],
    ["after-lone", "lone:service_started:false"],
  ]);
  const lone = harness.service.find("lone").id;
  const create = harness.runtime.create.bind(harness.runtime);
  harness.runtime.create = async (request) => {
    if (request.id === lone) throw new Error("cannot be started");
    return await create(request);
  };
  await harness.service.restore();
  await eventually(() => harness.status("after-lone") === "running" && harness.status("db") === "running");
  expect([harness.status("lone"), harness.status("web")]).toEqual(["exited", "restarting"]);
  await eventually(() => harness.runtime.execs.length > 0);
  harness.runtime.execs[0]?.finish(1);
  await eventually(() => harness.runtime.execs.length > 1);
  expect(harness.status("web")).toBe("restarting");
  harness.runtime.execs[1]?.finish(0);
  await eventually(() => harness.status("web") === "running");
});

test("a daemon that is told to stop while one waits, stops", async () => {
  await using harness = new Harness();
  await rebooted(harness, [
    ["web", "db:service_healthy:false"],
    ["db", "", { Healthcheck: { Test: ["CMD", "ready"] } }],
  ]);
  await harness.service.restore();
  await eventually(() => harness.status("db") === "running");
  await harness.service.close();
  expect(harness.status("web")).toBe("restarting");
});

test("one that a user stops while it waits stays down", async () => {
  await using harness = new Harness();
  await rebooted(harness, [
    ["web", "db:service_healthy:false"],
    ["db", "", { Healthcheck: { Test: ["CMD", "ready"], Interval: 20_000_000 } }],
  ]);
  await harness.service.restore();
  await eventually(() => harness.status("db") === "running");
  await harness.service.stop("web", {});
  await eventually(() => harness.runtime.execs.length > 0);
  harness.runtime.execs[0]?.finish(0);
  await eventually(() => harness.events.actions(harness.service.find("db").id).includes("health_status: healthy"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(harness.status("web")).toBe("exited");
});

test("circles and services that there are none of do not wait", async () => {
  await using harness = new Harness();
  await rebooted(harness, [
    ["one", "two:service_started:false"],
    ["two", "one:service_started:false"],
    ["three", "nobody:service_healthy:false"],
  ]);
  await harness.service.restore();
  const states = await eventually(
    () => ["one", "two", "three"].map((name) => harness.status(name)),
    (all) => all.every((status) => status === "running"),
  );
  expect(states).toHaveLength(3);
});

test("a job that ran to its end before is not waited for; one that is stopped by hand is not either", async () => {
  await using harness = new Harness();
  const job = await harness.run("job", { config: { Labels: label("job") } });
  const off = await harness.run("off", { config: { Labels: label("off") }, hostConfig: { RestartPolicy: { Name: "unless-stopped" } } });
  harness.runtime.finish(job, 0);
  await harness.service.stop(off, {});
  await eventually(() => harness.runtime.runs.size === 0);
  await rebooted(harness, [["web", "job:service_completed_successfully:false,off:service_started:false"]]);
  await harness.service.restore();
  await eventually(() => harness.status("web") === "running");
  expect([harness.status("job"), harness.status("off")]).toEqual(["exited", "exited"]);
});
