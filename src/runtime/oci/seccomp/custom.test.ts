import { describe, expect, it } from "vitest";
import { customSeccomp } from "./custom.ts";

const target = { architecture: "amd64", capabilities: ["CAP_SYS_CHROOT"], kernel: [5, 10] } as const;
const minimal = { defaultAction: "SCMP_ACT_ERRNO" };
const rule = (fields: object): object => ({ ...minimal, syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW", ...fields }] });
const kept = (fields: object): boolean => customSeccomp(rule(fields), target).syscalls?.length === 1;

describe("a profile of the user's own", () => {
  it("is converted for this machine", () => {
    const profile = {
      defaultAction: "SCMP_ACT_ERRNO",
      defaultErrnoRet: 38,
      archMap: [
        { architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"] },
        { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] },
        { architecture: "SCMP_ARCH_RISCV64", subArchitectures: null },
      ],
      flags: ["SECCOMP_FILTER_FLAG_LOG"],
      syscalls: [
        { names: ["read", "write"], action: "SCMP_ACT_ALLOW", args: [], comment: "", includes: {}, excludes: {} },
        { name: "clone", action: "SCMP_ACT_ERRNO", errnoRet: 1, args: [{ index: 0, value: 2, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }] },
      ],
    };
    expect(customSeccomp(JSON.stringify(profile), target)).toEqual({
      defaultAction: "SCMP_ACT_ERRNO",
      defaultErrnoRet: 38,
      architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
      flags: ["SECCOMP_FILTER_FLAG_LOG"],
      syscalls: [
        { names: ["read", "write"], action: "SCMP_ACT_ALLOW" },
        { names: ["clone"], action: "SCMP_ACT_ERRNO", errnoRet: 1, args: [{ index: 0, value: 2, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }] },
      ],
    });
  });

  it.each([
    [{ includes: { caps: ["CAP_SYS_CHROOT"] } }, true],
    [{ includes: { caps: ["CAP_SYS_CHROOT", "CAP_BPF"] } }, false],
    [{ includes: { arches: ["arm64", "amd64"] } }, true],
    [{ includes: { arches: ["arm64"] } }, false],
    [{ includes: { minKernel: "5.10" } }, true],
    [{ includes: { minKernel: "5.11" } }, false],
    [{ includes: { arches: ["amd64"], minKernel: "6.0" } }, false],
    [{ excludes: { caps: ["CAP_BPF", "CAP_SYS_CHROOT"] } }, false],
    [{ excludes: { arches: ["s390x"], caps: ["CAP_BPF"] } }, true],
    [{ excludes: { minKernel: "4.8" } }, false],
  ])("%j: %s", (fields, expected) => {
    expect(kept(fields)).toBe(expected);
  });

  it.each([
    ["{", "Decoding seccomp profile failed:"],
    ["", "Decoding seccomp profile failed:"],
    ["[]", "the profile: want an object"],
    ["null", "the profile: want an object"],
    ["{}", "defaultAction: nothing is not one of"],
    ['{"defaultAction":"SCMP_ACT_ALLOW","defaultAction":"SCMP_ACT_ERRNO"}', 'duplicate key "defaultAction"'],
    [JSON.stringify({ defaultAction: "SCMP_ACT_NOTIFY" }), 'defaultAction: "SCMP_ACT_NOTIFY" is not one of'],
    [JSON.stringify({ ...minimal, syscalls: {} }), "syscalls: want a list"],
    [JSON.stringify({ ...minimal, syscalls: [null] }), "syscalls[0]: want an object"],
    [JSON.stringify({ ...minimal, flags: ["NEW_LISTENER"] }), 'flags: "NEW_LISTENER" is not one of'],
    [JSON.stringify({ ...minimal, architectures: ["SCMP_ARCH_X86"], archMap: [{}] }), "use either 'architectures' or 'archMap'"],
    [JSON.stringify(rule({ name: "write" })), "use either 'name' or 'names'"],
    [JSON.stringify(rule({ names: [] })), "syscalls[0]: no system call is named"],
    [JSON.stringify(rule({ action: "allow" })), 'syscalls[0].action: "allow" is not one of'],
    [JSON.stringify(rule({ args: [{ index: 6, op: "SCMP_CMP_EQ" }] })), "a system call has six arguments"],
    [JSON.stringify(rule({ args: [{ index: 0, value: -1, op: "SCMP_CMP_EQ" }] })), "args[0].value: want a whole number"],
    [
      '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":18446744073709551615,"op":"SCMP_CMP_EQ"}]}]}',
      "args[0].value: want a whole number",
    ],
    [JSON.stringify(rule({ includes: { minKernel: "new" } })), 'minKernel: expected <version>.<patchlevel>, got "new"'],
    [" ".repeat(1024 * 1024 + 1), "larger than 1048576 characters"],
  ])("refuses %.60j", (text, message) => {
    expect(() => customSeccomp(text, target)).toThrow(message);
  });
});
