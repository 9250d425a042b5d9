import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { OciSeccomp } from "#spec/oci-runtime/spec.ts";
import { customSeccomp } from "./custom.ts";
import { defaultSeccomp, LAST_FAMILY, type SeccompTarget } from "./profile.ts";

const DEFAULT_CAPABILITIES =
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE"
    .split(" ")
    .map((name) => `CAP_${name}`);

function target(overrides: Partial<SeccompTarget> = {}): SeccompTarget {
  return { architecture: "amd64", capabilities: DEFAULT_CAPABILITIES, kernel: [6, 1], ...overrides };
}

/** What the kernel would answer, as libseccomp builds it: a rule without conditions wins, then any whose conditions hold. */
function verdict(profile: OciSeccomp, name: string, args: readonly number[] = []): string {
  const rules = (profile.syscalls ?? []).filter((rule) => rule.names.includes(name));
  const hit =
    rules.find((rule) => rule.args === undefined) ?? rules.find((rule) => (rule.args ?? []).every((condition) => holds(condition, args)));
  const action = hit?.action ?? profile.defaultAction;
  return action === "SCMP_ACT_ERRNO" ? `errno ${hit?.errnoRet ?? (hit === undefined ? profile.defaultErrnoRet : 1) ?? 1}` : action;
}

function holds(condition: { index: number; value: number; valueTwo?: number; op: string }, args: readonly number[]): boolean {
  const given = BigInt(args[condition.index] ?? 0);
  const value = BigInt(condition.value);
  switch (condition.op) {
    case "SCMP_CMP_LT":
      return given < value;
    case "SCMP_CMP_GT":
      return given > value;
    case "SCMP_CMP_EQ":
      return given === value;
    case "SCMP_CMP_MASKED_EQ":
      return (given & value) === BigInt(condition.valueTwo ?? 0);
    default:
      throw new Error(condition.op);
  }
}

describe("the default profile", () => {
  const profile = defaultSeccomp(target());

  it.each([
    ["openat", [], "SCMP_ACT_ALLOW"],
    ["chroot", [], "SCMP_ACT_ALLOW"],
    ["ptrace", [], "SCMP_ACT_ALLOW"],
    ["socket", [1], "SCMP_ACT_ALLOW"],
    ["socket", [16], "SCMP_ACT_ALLOW"],
    ["socket", [39], "SCMP_ACT_ALLOW"],
    ["socket", [44], "SCMP_ACT_ALLOW"],
    ["socket", [46], "errno 38"],
    ["socket", [0x1_0000_0026], "errno 38"],
    ["socket", [0x1_0000_0028], "errno 38"],
    ["socket", [38], "errno 97"],
    ["socket", [40], "errno 97"],
    ["io_uring_setup", [], "errno 1"],
    ["clone3", [], "errno 38"],
    ["clone", [0x3d0f00], "SCMP_ACT_ALLOW"],
    ["clone", [0x1000_0011], "errno 1"],
    ["clone", [0x2_0000], "errno 1"],
    ["clone", [0x7e02_0000], "errno 1"],
    ["personality", [0xffff_ffff], "SCMP_ACT_ALLOW"],
    ["personality", [0x2_0008], "SCMP_ACT_ALLOW"],
    ["personality", [0x40_0000], "errno 1"],
    ["personality", [0x4_0000], "errno 1"],
    ["unshare", [], "errno 1"],
    ["setns", [], "errno 1"],
    ["mount", [], "errno 1"],
    ["bpf", [], "errno 1"],
    ["userfaultfd", [], "errno 1"],
    ["a_call_of_the_future", [], "errno 38"],
  ] as const)("%s%j: %s", (name, args, expected) => {
    expect(verdict(profile, name, args)).toBe(expected);
  });

  it("opens what belongs to a capability, and only that", () => {
    const admin = defaultSeccomp(target({ capabilities: [...DEFAULT_CAPABILITIES, "CAP_SYS_ADMIN"] }));
    for (const name of ["mount", "unshare", "setns", "clone", "clone3", "bpf"]) expect(verdict(admin, name)).toBe("SCMP_ACT_ALLOW");
    expect(verdict(admin, "clone", [0x1000_0000])).toBe("SCMP_ACT_ALLOW");
    for (const name of ["io_uring_setup", "keyctl", "kexec_load", "reboot", "open_by_handle_at"])
      expect(verdict(admin, name)).toBe("errno 1");
    const bare = defaultSeccomp(target({ capabilities: [] }));
    expect(verdict(bare, "chroot")).toBe("errno 1");
  });

  it("lets nobody trace on a kernel where a tracer gets past the filter", () => {
    expect(verdict(defaultSeccomp(target({ kernel: [4, 7] })), "ptrace")).toBe("errno 1");
  });

  it("knows the machine's other instruction sets", () => {
    expect(profile.architectures).toEqual(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]);
    expect(defaultSeccomp(target({ architecture: "arm64" })).architectures).toEqual(["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]);
  });
});

const reference = fileURLToPath(new URL("../../../../../shared/api/seccomp-docker-default.json", import.meta.url));

describe.skipIf(!existsSync(reference))("beside Docker's profile", () => {
  const capabilitySets: readonly (readonly [string, readonly string[]])[] = [
    ["no capability", []],
    ["the default capabilities", DEFAULT_CAPABILITIES],
    ...[
      "DAC_READ_SEARCH SYS_ADMIN SYS_BOOT SYS_MODULE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_TIME SYS_TTY_CONFIG SYS_NICE SYSLOG BPF PERFMON NET_ADMIN",
    ].flatMap((text) => text.split(" ").map((name) => [`the default and ${name}`, [...DEFAULT_CAPABILITIES, `CAP_${name}`]] as const)),
  ];
  const allNames = (profile: OciSeccomp): string[] => (profile.syscalls ?? []).flatMap((rule) => rule.names);
  const ARGUMENTS = [0, 1, 8, 0x10, 38, 39, 40, 41, 0x11, 0x2_0000, 0x2_0008, 0x4_0000, 0x40_0000, 0x1000_0000, 0x7e02_0000, 0xffff_ffff];

  for (const architecture of ["amd64", "arm64"]) {
    it.each(capabilitySets)(`allows the same on ${architecture} with %s`, (_, capabilities) => {
      const ours = defaultSeccomp(target({ architecture, capabilities }));
      const theirs = customSeccomp(readFileSync(reference, "utf8"), target({ architecture, capabilities }));
      const differences: string[] = [];
      for (const name of new Set([...allNames(ours), ...allNames(theirs)])) {
        for (const value of ARGUMENTS.filter((number) => name !== "socket" || number <= LAST_FAMILY)) {
          const [mine, docker] = [verdict(ours, name, [value]), verdict(theirs, name, [value])];
          if ((mine === "SCMP_ACT_ALLOW") !== (docker === "SCMP_ACT_ALLOW")) differences.push(`${name}(${value}): ${mine}, not ${docker}`);
        }
      }
      expect(differences).toEqual([]);
    });
  }

  it("refuses more where the kernel sees another argument than the filter does", () => {
    const theirs = customSeccomp(readFileSync(reference, "utf8"), target());
    const ours = defaultSeccomp(target());
    // AF_ALG and AF_VSOCK with a bit set above the 32 that the kernel reads.
    for (const family of [0x1_0000_0026, 0x1_0000_0028]) {
      expect(verdict(theirs, "socket", [family])).toBe("SCMP_ACT_ALLOW");
      expect(verdict(ours, "socket", [family])).toBe("errno 38");
    }
    // Families that no kernel has yet.
    expect(verdict(theirs, "socket", [46])).toBe("SCMP_ACT_ALLOW");
    expect(verdict(ours, "socket", [46])).toBe("errno 38");
    // x32: nothing is built for it.
    expect(theirs.architectures).toContain("SCMP_ARCH_X32");
  });

  it("differs in how it says no, each time for a reason", () => {
    const theirs = customSeccomp(readFileSync(reference, "utf8"), target());
    const ours = defaultSeccomp(target());
    const answers = (name: string, args: number[] = []): string[] => [verdict(ours, name, args), verdict(theirs, name, args)];
    // A family that is not there, which is what a program asks for when it probes.
    expect(answers("socket", [38])).toEqual(["errno 97", "errno 1"]);
    expect(answers("socket", [40])).toEqual(["errno 97", "errno 1"]);
    // A call that the runtime's libseccomp has no name for has to look absent.
    expect(answers("a_call_of_the_future")).toEqual(["errno 38", "errno 1"]);
    // Everything that anyone calls today says the same.
    expect(answers("mount")).toEqual(["errno 1", "errno 1"]);
    expect(answers("clone3")).toEqual(["errno 38", "errno 38"]);
  });
});
