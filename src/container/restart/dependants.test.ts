import { afterEach, expect, test, vi } from "vitest";
import { Harness } from "../testing/harness.ts";
import { dependantsOf } from "./dependants.ts";

afterEach(() => void vi.useRealTimers());

const labels = (service: string, dependsOn = "", more: Record<string, string> = {}): object => ({
  "com.docker.compose.project": "app",
  "com.docker.compose.service": service,
  "com.docker.compose.depends_on": dependsOn,
  ...more,
});

async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 20_000; performance.now() < end && !holds();) await new Promise((resolve) => setImmediate(resolve));
  expect(holds()).toBe(true);
}

test("those that asked for it, of the same project, by the daemon's word or their own", async () => {
  await using harness = new Harness();
  const db = await harness.create("db", { config: { Labels: labels("db") } });
  const yes = { "dhow.depends-on.restart": "true" };
  const no = { "dhow.depends-on.restart": "false" };
  await harness.create("quiet", { config: { Labels: labels("quiet", "db:service_started:false", yes) } });
  await harness.create("plain", { config: { Labels: labels("plain", "db:service_started:true") } });
  await harness.create("asks", { config: { Labels: labels("asks", "db:service_healthy:true", yes) } });
  await harness.create("denies", { config: { Labels: labels("denies", "db:service_started:true", no) } });
  const names = (usual: boolean): string[] =>
    dependantsOf(harness.service.find(db), harness.service.all(), usual).map(({ id }) => harness.service.find(id).name);
  expect(names(false)).toEqual(["asks"]);
  expect(names(true)).toEqual(["plain", "asks"]);
});

test("a dependant follows a policy's restart once its dependency runs steadily, and not one by hand", async () => {
  await using harness = new Harness();
  const db = await harness.run("db", { config: { Labels: labels("db") }, hostConfig: { RestartPolicy: { Name: "always" } } });
  const web = await harness.run("web", {
    config: { Labels: labels("web", "db:service_started:true", { "dhow.depends-on.restart": "true" }) },
  });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await harness.service.restart(db, {});
  await vi.advanceTimersByTimeAsync(10_000);
  expect(harness.events.actions(web)).not.toContain("restart");
  harness.runtime.finish(db, 1);
  await until(() => harness.status(db) === "restarting");
  await vi.advanceTimersByTimeAsync(100);
  await until(() => harness.status(db) === "running");
  harness.runtime.finish(db, 1); // It has hardly come up.
  await until(() => harness.status(db) === "restarting");
  await vi.advanceTimersByTimeAsync(200);
  await until(() => harness.status(db) === "running");
  await vi.advanceTimersByTimeAsync(4_000);
  expect(harness.events.actions(web)).not.toContain("restart");
  await vi.advanceTimersByTimeAsync(1_000);
  await until(() => harness.events.actions(web).includes("restart"));
  expect(harness.events.actions(web).slice(2)).toEqual(["depends_on: restart", "kill", "stop", "die", "start", "restart"]);
  expect(harness.events.events.find(({ action }) => action === "depends_on: restart")?.attributes).toMatchObject({ dependency: "db" });
});
