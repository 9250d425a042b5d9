import { describe, expect, it } from "vitest";
import { SystemCallError } from "#sys/ffi.ts";
import { PortAllocator } from "./port-allocator.ts";
import type { PortRequest } from "./port-spec.ts";

/** A host where some ports are other processes'. */
function host(foreign: readonly number[] = []) {
  const held = new Set<string>();
  const hold = (protocol: string, address: string, port: number) => {
    if (foreign.includes(port)) throw new SystemCallError("bind", 98);
    if (address === "198.51.100.1") throw new SystemCallError("bind", 99);
    const place = `${protocol} ${address}:${port}`;
    held.add(place);
    return { release: () => void held.delete(place) };
  };
  return { held, allocator: new PortAllocator({ hold }, { random: { first: 40_000, last: 40_003 } }) };
}

const ask = (first: number | undefined, wishes: Partial<PortRequest> = {}): PortRequest => ({
  key: "80/tcp",
  protocol: "tcp",
  port: 80,
  hostIps: ["0.0.0.0"],
  hostPorts: first === undefined ? undefined : { first, last: first },
  ...wishes,
});

describe("PortAllocator", () => {
  it("holds what it gives, and lets go of it", () => {
    const { allocator, held } = host();
    expect(allocator.reserve("a", [ask(8080)])).toEqual([{ key: "80/tcp", protocol: "tcp", port: 80, hostIp: "0.0.0.0", hostPort: 8080 }]);
    expect([...held]).toEqual(["tcp 0.0.0.0:8080"]);
    allocator.release("a");
    allocator.release("a");
    expect(held.size).toBe(0);
    allocator.reserve("b", [ask(8080)]);
    allocator.releaseAll();
    expect(held.size).toBe(0);
  });

  it.each([
    ["0.0.0.0", "0.0.0.0"],
    ["0.0.0.0", "127.0.0.1"],
    ["127.0.0.1", "0.0.0.0"],
    ["127.0.0.1", "127.0.0.1"],
  ])("says in Docker's words that a container has it: %s, then %s", (first, second) => {
    const { allocator } = host();
    allocator.reserve("a", [ask(8080, { hostIps: [first] })]);
    const message = `Bind for ${second}:8080 failed: port is already allocated`;
    expect(() => allocator.reserve("b", [ask(8080, { hostIps: [second] })])).toThrow(
      expect.objectContaining({ category: "exhausted", message }),
    );
  });

  it("holds one port on several addresses, or on none of them", () => {
    const { allocator, held } = host([40_000]);
    const both = { hostIps: ["0.0.0.0", "::"] };
    expect(allocator.reserve("a", [ask(undefined, both)]).map(({ hostIp, hostPort }) => [hostIp, hostPort])).toEqual([
      ["0.0.0.0", 40_001],
      ["::", 40_001],
    ]);
    allocator.reserve("b", [ask(8080, { hostIps: ["::1"] })]);
    expect(() => allocator.reserve("c", [ask(8080, both)])).toThrow("Bind for [::]:8080 failed: port is already allocated");
    expect([...held]).toEqual(["tcp 0.0.0.0:40001", "tcp :::40001", "tcp ::1:8080"]);
  });

  it("keeps protocols and addresses apart", () => {
    const { allocator, held } = host();
    allocator.reserve("a", [ask(53, { hostIps: ["10.0.0.1"] })]);
    allocator.reserve("b", [ask(53, { hostIps: ["10.0.0.2"] }), ask(53, { protocol: "udp" })]);
    expect(held.size).toBe(3);
  });

  it("says in the kernel's words that another process has it", () => {
    const { allocator } = host([8080]);
    const message = "failed to bind host port 0.0.0.0:8080/tcp: address already in use";
    expect(() => allocator.reserve("a", [ask(8080)])).toThrow(expect.objectContaining({ category: "exhausted", message }));
  });

  it("says when the address is not the host's", () => {
    const message = "failed to bind host port 198.51.100.1:80/tcp: cannot assign requested address";
    const attempt = () => host().allocator.reserve("a", [ask(80, { hostIps: ["198.51.100.1"] })]);
    expect(attempt).toThrow(expect.objectContaining({ category: "invalid", message }));
  });

  it("reserves all or nothing", () => {
    const { allocator, held } = host([81]);
    expect(() => allocator.reserve("a", [ask(80), ask(81)])).toThrow();
    expect(held.size).toBe(0);
    expect(allocator.reserve("b", [ask(80)])).toHaveLength(1);
  });

  it("does not give one port to the same container twice", () => {
    expect(() => host().allocator.reserve("a", [ask(80), ask(80)])).toThrow("port is already allocated");
  });

  it("takes random ports in turn, around what is taken", () => {
    const { allocator } = host([40_001]);
    const ports = allocator.reserve("a", [ask(undefined), ask(undefined), ask(undefined)]).map(({ hostPort }) => hostPort);
    expect(ports).toEqual([40_000, 40_002, 40_003]);
    expect(() => allocator.reserve("b", [ask(undefined)])).toThrow(expect.objectContaining({ category: "exhausted" }));
    allocator.release("a");
    expect(allocator.reserve("b", [ask(undefined)])[0]?.hostPort).toBe(40_000);
  });

  it("takes the first free port of a range, and says what is wrong with the first when none is", () => {
    const { allocator } = host([90]);
    const range = ask(undefined, { hostPorts: { first: 90, last: 91 } });
    expect(allocator.reserve("a", [range])[0]?.hostPort).toBe(91);
    expect(() => allocator.reserve("b", [range])).toThrow("failed to bind host port 0.0.0.0:90/tcp: address already in use");
  });

  it("has a thousand ports in no time", () => {
    const { allocator } = host();
    const requests = Array.from({ length: 1000 }, (_, index) => ask(10_000 + index));
    const start = performance.now();
    allocator.reserve("a", requests);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
