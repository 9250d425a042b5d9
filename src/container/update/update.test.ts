import { describe, expect, test } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import { Harness } from "../testing/harness.ts";

describe("update", () => {
  test("changes limits in a running container at once, and for the next start", async () => {
    await using harness = new Harness();
    const id = await harness.run("web", { hostConfig: { CpuShares: 5 } });
    await harness.service.update(id, { Memory: 1000, MemorySwap: 3000, CpuShares: 0 });
    expect(harness.runtime.calls.at(-1)).toBe(`update ${id}`);
    expect(harness.service.find(id).hostConfig).toMatchObject({ Memory: 1000, MemorySwap: 3000, CpuShares: 5 });
    expect(harness.events.actions(id).at(-1)).toBe("update");
  });

  test.each([0, -1])("a pids limit of %d takes it away", async (limit) => {
    await using harness = new Harness();
    const id = await harness.run("web", { hostConfig: { PidsLimit: 7 } });
    await harness.service.update(id, { CpuShares: 5 });
    expect(harness.service.find(id).hostConfig.PidsLimit).toBe(7);
    await harness.service.update(id, { PidsLimit: limit });
    expect(harness.service.find(id).hostConfig.PidsLimit).toBeUndefined();
    expect(harness.runtime.updates.at(-1)).toMatchObject({ pids: { limit: -1 } });
  });

  test("asks no runtime for one at rest", async () => {
    await using harness = new Harness();
    const id = await harness.create("web");
    await harness.service.update(id, { RestartPolicy: { Name: "always" } });
    expect(harness.runtime.calls).toEqual([]);
    expect(harness.service.find(id).hostConfig.RestartPolicy).toEqual({ Name: "always" });
  });

  test.each([
    [{ RestartPolicy: { Name: "bogus" } }, {}, "invalid restart policy: unknown policy 'bogus'"],
    [{ RestartPolicy: { Name: "always" } }, { AutoRemove: true }, "Restart policy cannot be updated because AutoRemove is enabled"],
    [{ Memory: 9000 }, { Memory: 1000 }, "Memory limit should be smaller than already set memoryswap limit"],
    [{ Memory: 9000 }, {}, "Memory limit should be smaller than already set memoryswap limit"],
  ])("%j on %j is refused", async (change, hostConfig, message) => {
    await using harness = new Harness();
    const id = await harness.create("web", { hostConfig });
    await expect(harness.service.update(id, change as never)).rejects.toThrow(message);
  });

  test("what the kernel refuses is not kept", async () => {
    await using harness = new Harness();
    const id = await harness.run("web");
    harness.runtime.failures.set("update", new EngineError("system", "device or resource busy"));
    await expect(harness.service.update(id, { CpuShares: 7 })).rejects.toMatchObject({
      category: "conflict",
      message: `Cannot update container ${id}: device or resource busy`,
    });
    expect(harness.service.find(id).hostConfig.CpuShares).toBeUndefined();
  });
});

describe("rename", () => {
  test("frees the old name and tells both", async () => {
    await using harness = new Harness();
    const id = await harness.create("old");
    await harness.service.rename("old", "/new");
    expect(harness.service.find("new").id).toBe(id);
    expect(() => harness.service.find("old")).toThrow("No such container: old");
    expect(harness.events.events.at(-1)).toMatchObject({ action: "rename", attributes: { name: "new", oldName: "/old" } });
    await expect(harness.create("old")).resolves.toBeTruthy();
  });

  test.each([
    ["", "Neither old nor new names may be empty"],
    ["web", "Renaming a container with the same name as its current name"],
    ["-", "Error when allocating new name: Invalid container name (-), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"],
    ["taken", 'Error when allocating new name: Conflict. The container name "/taken" is already in use by container'],
  ])("to %j is refused", async (name, message) => {
    await using harness = new Harness();
    await harness.create("web");
    await harness.create("taken");
    await expect(harness.service.rename("web", name)).rejects.toThrow(message);
    expect(harness.service.find("web").name).toBe("web");
  });

  test("two to one name at once: one wins", async () => {
    await using harness = new Harness();
    await harness.create("one");
    await harness.create("two");
    const results = await Promise.allSettled([harness.service.rename("one", "new"), harness.service.rename("two", "new")]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });
});
