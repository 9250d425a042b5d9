import { describe, expect, it } from "vitest";
import { defaultFilter } from "./bpf.ts";
import { i386Numbers, x86Numbers } from "./numbers.ts";
import { decide, type SeccompTarget } from "./profile.ts";

const X86_64 = 0xc000_003e;
const I386 = 0x4000_0003;
const DEFAULT = ["CAP_SYS_CHROOT", "CAP_NET_RAW"];
const target = (capabilities: readonly string[], architecture = "amd64"): SeccompTarget => ({ architecture, capabilities, kernel: [6, 1] });

/** Runs a program as the kernel would; throws where the kernel would not load it. */
function run(program: Buffer, arch: number, number: number, args: readonly bigint[] = []): string {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(arch, 4);
  for (const [index, value] of args.entries()) data.writeBigUInt64LE(value, 16 + 8 * index);
  let accumulator = 0;
  for (let at = 0, taken = 0; taken < 200; taken++) {
    if (at * 8 >= program.length) throw new Error("ran past the end");
    const [code, jt, jf, k] = [
      program.readUInt16LE(at * 8),
      program.readUInt8(at * 8 + 2),
      program.readUInt8(at * 8 + 3),
      program.readUInt32LE(at * 8 + 4),
    ];
    if (code === 0x06) return k === 0x7fff_0000 ? "allow" : k === 0x8000_0000 ? "kill" : `errno ${k - 0x5_0000}`;
    const jump = (met: boolean): number => at + 1 + (met ? jt : jf);
    if (code === 0x20) [accumulator, at] = [data.readUInt32LE(k), at + 1];
    else if (code === 0x05) at += 1 + k;
    else if (code === 0x15) at = jump(accumulator === k);
    else if (code === 0x25) at = jump(accumulator > k);
    else if (code === 0x35) at = jump(accumulator >= k);
    else if (code === 0x45) at = jump((BigInt(accumulator) & BigInt(k)) !== 0n);
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error("too long");
}

function filter(capabilities: readonly string[]): Buffer {
  const program = defaultFilter(target(capabilities));
  if (program === undefined) throw new Error("no filter");
  return program;
}

describe("the compiled default profile", () => {
  it.each([
    ["x86_64", X86_64, x86Numbers],
    ["i386", I386, i386Numbers],
  ] as const)("answers every number of %s as the profile does", (_, arch, numbers) => {
    for (const capabilities of [
      [],
      DEFAULT,
      [...DEFAULT, "CAP_SYS_ADMIN", "CAP_SYS_TIME"],
      ["CAP_BPF", "CAP_SYS_PTRACE", "CAP_SYS_MODULE"],
    ]) {
      const program = filter(capabilities);
      const { allowed, refused, restrictClone } = decide(target(capabilities));
      const names = new Map([...numbers].map(([name, number]) => [number, name]));
      for (let number = 0; number < 700; number++) {
        const name = names.get(number) ?? "";
        if (name === "socket" || name === "personality" || (name === "clone" && restrictClone)) continue;
        const expected = allowed.has(name) ? "allow" : `errno ${refused.has(name) ? 1 : 38}`;
        expect(`${name} ${run(program, arch, number)}`).toBe(`${name} ${expected}`);
      }
    }
  });

  it.each([
    ["socket", 1n, "allow"],
    ["socket", 37n, "allow"],
    ["socket", 38n, "errno 97"],
    ["socket", 39n, "allow"],
    ["socket", 40n, "errno 97"],
    ["socket", 45n, "allow"],
    ["socket", 46n, "errno 97"],
    ["socket", 0x1_0000_0026n, "errno 97"],
    ["socket", 0x1_0000_0028n, "errno 97"],
    ["socket", 0x1_0000_0001n, "allow"],
    ["personality", 0n, "allow"],
    ["personality", 0x2_0008n, "allow"],
    ["personality", 0xffff_ffffn, "allow"],
    ["personality", 0x4_0000n, "errno 1"],
    ["personality", 7n, "errno 1"],
    ["clone", 0x3d_0f00n, "allow"],
    ["clone", 0x1000_0011n, "errno 1"],
    ["clone", 0x2_0011n, "errno 1"],
    ["clone", 0x1_4000_0000n, "errno 1"],
    ["clone3", 0n, "errno 38"],
  ] as const)("%s(0x%x): %s", (name, argument, expected) => {
    const program = filter(DEFAULT);
    expect(run(program, X86_64, x86Numbers.get(name) ?? -1, [argument])).toBe(expected);
    expect(run(program, I386, i386Numbers.get(name) ?? -1, [argument])).toBe(expected);
  });

  it("kills what comes by another door, and says no to numbers of none", () => {
    const program = filter(DEFAULT);
    expect(run(program, 0xc000_00b7, 0)).toBe("kill");
    expect(run(program, X86_64, 0x4000_0000)).toBe("errno 38");
    expect(run(program, X86_64, 0x4000_0000 + 200)).toBe("errno 38");
    expect(run(program, X86_64, 0xffff_ffff)).toBe("errno 38");
    expect(run(program, I386, 0xffff_ffff)).toBe("errno 38");
  });

  it("lets a container with CAP_SYS_ADMIN make name spaces", () => {
    const program = filter(["CAP_SYS_ADMIN"]);
    for (const name of ["clone", "clone3", "unshare", "setns"]) {
      expect(run(program, X86_64, x86Numbers.get(name) ?? -1, [0x1000_0000n])).toBe("allow");
    }
  });

  it("fits into the kernel's limit", () => {
    expect(filter(DEFAULT).length / 8).toBeLessThan(4096);
  });

  it("is made where the numbers are known", () => {
    expect(defaultFilter(target(DEFAULT, "arm64"))).toBeUndefined();
  });
});

it("the numbers are the kernel's", () => {
  expect([x86Numbers.get("openat2"), x86Numbers.get("clone3"), x86Numbers.get("execveat"), x86Numbers.get("mseal")]).toEqual([
    437, 435, 322, 462,
  ]);
  expect([i386Numbers.get("openat2"), i386Numbers.get("socketcall"), i386Numbers.get("execve"), i386Numbers.get("socket")]).toEqual([
    437, 102, 11, 359,
  ]);
});
