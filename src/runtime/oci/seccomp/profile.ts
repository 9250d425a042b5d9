import type { OciSeccomp } from "#spec/oci-runtime/spec.ts";
import { allowed, allowedOn, allowedSince, allowedWith } from "./allowed.ts";
import { refused } from "./refused.ts";

/** What a profile depends on. */
export interface SeccompTarget {
  /** OCI architecture: `amd64`, `arm64`. */
  readonly architecture: string;
  /** The container's bounding set, `CAP_…`. */
  readonly capabilities: readonly string[];
  readonly kernel: readonly [number, number];
}

export type SyscallRule = NonNullable<OciSeccomp["syscalls"]>[number];

/** Each architecture with those whose programs it runs as well; a call by an architecture that is not listed kills the program. */
const architectures: Readonly<Record<string, readonly string[]>> = {
  // Without x32, which nothing is built for any more: a third less to compile at every start.
  amd64: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
  arm64: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
  riscv64: ["SCMP_ARCH_RISCV64"],
  s390x: ["SCMP_ARCH_S390X", "SCMP_ARCH_S390"],
  ppc64le: ["SCMP_ARCH_PPC64LE"],
};

export const EPERM = 1;
export const ENOSYS = 38;
export const EAFNOSUPPORT = 97;

/** Crypto sockets write into the page cache (CVE-2026-31431); vsock reaches the hypervisor and knows no network name space. */
export const AF_ALG = 38;
export const AF_VSOCK = 40;
/** AF_MCTP, the last family that Linux 6.17 knows. */
export const LAST_FAMILY = 45;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NEW_NAMESPACE_FLAGS = [0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000];
export const ANY_NEW_NAMESPACE = NEW_NAMESPACE_FLAGS.reduce((mask, flag) => mask + flag, 0);

/** PER_LINUX, PER_LINUX32, each also with UNAME26, and 0xffffffff, which only asks. */
export const PERSONALITIES = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];
/** ADDR_NO_RANDOMIZE to ADDR_LIMIT_3GB: each makes memory easier to guess, or older. */
const PERSONALITY_FLAGS = Array.from({ length: 10 }, (_, index) => 0x4_0000 * 2 ** index);
const TOP_BIT = 0x8000_0000;

/** Which names are answered how; the rest is ENOSYS, and `socket`, `personality` and `clone` depend on their arguments. */
export interface Decisions {
  readonly allowed: ReadonlySet<string>;
  /** With EPERM. */
  readonly refused: ReadonlySet<string>;
  /** `clone` may make no name spaces. */
  readonly restrictClone: boolean;
}

export function decide({ architecture, capabilities, kernel }: SeccompTarget): Decisions {
  const byCapability = capabilities.flatMap((capability) => allowedWith[capability] ?? []);
  const byKernel = isAtLeast(kernel, allowedSince.kernel) ? allowedSince.names : [];
  const names = new Set([...Object.values(allowed).flat(), ...(allowedOn[architecture] ?? []), ...byKernel, ...byCapability]);
  return {
    allowed: names,
    refused: new Set(Object.values(refused).flat()).difference(names),
    restrictClone: !capabilities.includes("CAP_SYS_ADMIN"),
  };
}

/**
 * Dhow's own profile: what Docker's allows and refuses (the test beside it compares them), with ENOSYS instead of EPERM for a call that
 * nobody here knows of (refused.ts says why).
 */
export function defaultSeccomp(target: SeccompTarget): OciSeccomp {
  const decisions = decide(target);
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: ENOSYS,
    architectures: [...(architectures[target.architecture] ?? [])],
    syscalls: [
      { names: [...decisions.allowed].toSorted(), action: "SCMP_ACT_ALLOW" },
      ...socketRules(),
      ...personalityRules(),
      ...(decisions.restrictClone ? cloneRules(target.architecture) : []),
      { names: [...decisions.refused].toSorted(), action: "SCMP_ACT_ERRNO", errnoRet: EPERM },
    ],
  };
}

export function isAtLeast([major, minor]: readonly [number, number], [wantedMajor, wantedMinor]: readonly [number, number]): boolean {
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/**
 * By name above AF_ALG: the kernel looks at 32 bits of the family and libseccomp at 64, so that "greater than 40" would let
 * 0x100000026 through, which is AF_ALG to the kernel.
 */
function socketRules(): SyscallRule[] {
  const others = Array.from({ length: LAST_FAMILY - AF_ALG }, (_, index) => AF_ALG + 1 + index).filter((family) => family !== AF_VSOCK);
  return [
    allow("socket", 0, AF_ALG, "SCMP_CMP_LT"),
    ...others.map((family) => allow("socket", 0, family, "SCMP_CMP_EQ")),
    refuse("socket", 0, AF_ALG, "SCMP_CMP_EQ", EAFNOSUPPORT),
    refuse("socket", 0, AF_VSOCK, "SCMP_CMP_EQ", EAFNOSUPPORT),
  ];
}

function personalityRules(): SyscallRule[] {
  return [
    ...PERSONALITIES.map((persona) => allow("personality", 0, persona, "SCMP_CMP_EQ")),
    // The top bit is in the mask so that no rule meets the value of all ones, which is allowed.
    ...PERSONALITY_FLAGS.map((flag) => refuse("personality", 0, TOP_BIT + flag, "SCMP_CMP_MASKED_EQ", EPERM, flag)),
  ];
}

/** Threads and children, but no name spaces. clone3 hides its flags in memory, so that it has to look absent. */
function cloneRules(architecture: string): SyscallRule[] {
  const flags = architecture === "s390x" ? 1 : 0;
  return [
    { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
    allow("clone", flags, ANY_NEW_NAMESPACE, "SCMP_CMP_MASKED_EQ", 0),
    ...NEW_NAMESPACE_FLAGS.map((flag) => refuse("clone", flags, flag, "SCMP_CMP_MASKED_EQ", EPERM, flag)),
  ];
}

function allow(name: string, index: number, value: number, op: string, valueTwo?: number): SyscallRule {
  return { names: [name], action: "SCMP_ACT_ALLOW", args: [argument(index, value, op, valueTwo)] };
}

function refuse(name: string, index: number, value: number, op: string, errnoRet: number, valueTwo?: number): SyscallRule {
  return { names: [name], action: "SCMP_ACT_ERRNO", errnoRet, args: [argument(index, value, op, valueTwo)] };
}

function argument(index: number, value: number, op: string, valueTwo?: number): NonNullable<SyscallRule["args"]>[number] {
  return valueTwo === undefined ? { index, value, op } : { index, value, valueTwo, op };
}
