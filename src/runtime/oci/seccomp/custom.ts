import { EngineError, messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import type { OciSeccomp } from "#spec/oci-runtime/spec.ts";
import { isAtLeast, type SeccompTarget, type SyscallRule } from "./profile.ts";

const ACTIONS = ["KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "TRACE", "ALLOW", "LOG"].map((name) => `SCMP_ACT_${name}`);
const OPERATORS = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"].map((name) => `SCMP_CMP_${name}`);
const FLAGS = ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"];
const LARGEST_PROFILE = 1024 * 1024;
/** By OCI name of the architecture: libseccomp's. */
const LIBSECCOMP_NAMES: Readonly<Record<string, string>> = {
  amd64: "SCMP_ARCH_X86_64",
  arm64: "SCMP_ARCH_AARCH64",
  riscv64: "SCMP_ARCH_RISCV64",
  s390x: "SCMP_ARCH_S390X",
  ppc64le: "SCMP_ARCH_PPC64LE",
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * Turns a profile in Docker's JSON form (`archMap`, `includes`, `excludes`) into a runtime's for one container. A profile with a
 * mistake is refused: what is not understood must never end in a container that is confined less than its owner thinks.
 *
 * @param profile the text, or the value it was parsed to.
 * @throws EngineError `invalid`.
 */
export function customSeccomp(profile: unknown, target: SeccompTarget): OciSeccomp {
  const fields = object(typeof profile === "string" ? parse(profile) : profile, "the profile");
  const rules = list(fields["syscalls"], "syscalls").map((rule, index) => object(rule, `syscalls[${index}]`));
  const errno = optionalInteger(fields["defaultErrnoRet"], "defaultErrnoRet");
  const flags = list(fields["flags"], "flags").map((flag) => oneOf(flag, FLAGS, "flags"));
  return {
    defaultAction: oneOf(fields["defaultAction"], ACTIONS, "defaultAction"),
    ...(errno === undefined ? {} : { defaultErrnoRet: errno }),
    architectures: architecturesOf(fields, target.architecture),
    ...(flags.length === 0 ? {} : { flags }),
    syscalls: rules.flatMap((rule, index) => convertRule(rule, `syscalls[${index}]`, target)),
  };
}

function parse(text: string): unknown {
  if (text.length > LARGEST_PROFILE) throw broken(`larger than ${LARGEST_PROFILE} characters`);
  try {
    return parseJsonText(text);
  } catch (cause) {
    throw new EngineError("invalid", `Decoding seccomp profile failed: ${messageOf(cause)}`, { cause });
  }
}

function architecturesOf(fields: Fields, architecture: string): string[] {
  const direct = list(fields["architectures"], "architectures").map((name) => text(name, "architectures"));
  const map = list(fields["archMap"], "archMap").map((entry, index) => object(entry, `archMap[${index}]`));
  if (direct.length > 0 && map.length > 0)
    throw broken("'architectures' and 'archMap' were specified in the seccomp profile, use either 'architectures' or 'archMap'");
  if (map.length === 0) return direct;
  const entry = map.find((candidate) => candidate["architecture"] === LIBSECCOMP_NAMES[architecture]);
  if (entry === undefined) return [];
  const others = list(entry["subArchitectures"], "archMap.subArchitectures").map((name) => text(name, "archMap.subArchitectures"));
  return [text(entry["architecture"], "archMap.architecture"), ...others];
}

function convertRule(rule: Fields, where: string, target: SeccompTarget): SyscallRule[] {
  const names = namesOf(rule, where);
  const action = oneOf(rule["action"], ACTIONS, `${where}.action`);
  const errnoRet = optionalInteger(rule["errnoRet"], `${where}.errnoRet`);
  const args = list(rule["args"], `${where}.args`).map((argument, index) => convertArgument(argument, `${where}.args[${index}]`));
  const included = matches(object(rule["includes"] ?? {}, `${where}.includes`), target, "all");
  const excluded = matches(object(rule["excludes"] ?? {}, `${where}.excludes`), target, "any");
  if (!included || excluded) return [];
  return [{ names, action, ...(errnoRet === undefined ? {} : { errnoRet }), ...(args.length === 0 ? {} : { args }) }];
}

function namesOf(rule: Fields, where: string): string[] {
  const names = list(rule["names"], `${where}.names`).map((name) => text(name, `${where}.names`));
  const single = rule["name"] ?? "";
  if (single !== "" && names.length > 0)
    throw broken("'name' and 'names' were specified in the seccomp profile, use either 'name' or 'names'");
  if (single !== "") return [text(single, `${where}.name`)];
  if (names.length === 0) throw broken(`${where}: no system call is named`);
  return names;
}

/** `includes` asks for every condition that it has, `excludes` is met by one of them. */
function matches(condition: Fields, { architecture, capabilities, kernel }: SeccompTarget, need: "all" | "any"): boolean {
  const arches = list(condition["arches"], "arches").map((name) => text(name, "arches"));
  const wanted = list(condition["caps"], "caps").map((name) => text(name, "caps"));
  const least = condition["minKernel"] === undefined ? undefined : kernelVersion(text(condition["minKernel"], "minKernel"));
  const answers = [
    ...(arches.length === 0 ? [] : [arches.includes(architecture)]),
    ...wanted.map((capability) => capabilities.includes(capability)),
    ...(least === undefined ? [] : [isAtLeast(kernel, least)]),
  ];
  return need === "all" ? answers.every(Boolean) : answers.some(Boolean);
}

function kernelVersion(version: string): [number, number] {
  const match = /^(\d{1,4})\.(\d{1,4})$/.exec(version);
  if (match === null) throw broken(`minKernel: expected <version>.<patchlevel>, got ${JSON.stringify(version)}`);
  return [Number(match[1]), Number(match[2])];
}

function convertArgument(value: unknown, where: string): NonNullable<SyscallRule["args"]>[number] {
  const argument = object(value, where);
  const index = optionalInteger(argument["index"], `${where}.index`) ?? 0;
  if (index > 5) throw broken(`${where}.index: a system call has six arguments`);
  const valueTwo = optionalInteger(argument["valueTwo"], `${where}.valueTwo`);
  return {
    index,
    value: optionalInteger(argument["value"], `${where}.value`) ?? 0,
    ...(valueTwo === undefined ? {} : { valueTwo }),
    op: oneOf(argument["op"], OPERATORS, `${where}.op`),
  };
}

function object(value: unknown, where: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw broken(`${where}: want an object`);
  return value as Fields;
}

function list(value: unknown, where: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw broken(`${where}: want a list`);
  return value;
}

function text(value: unknown, where: string): string {
  if (typeof value !== "string" || value === "") throw broken(`${where}: want a string`);
  return value;
}

function oneOf(value: unknown, known: readonly string[], where: string): string {
  if (typeof value !== "string" || !known.includes(value))
    throw broken(`${where}: ${JSON.stringify(value) ?? "nothing"} is not one of ${known.join(", ")}`);
  return value;
}

/** A number beyond 2^53 would be handed on as another one. */
function optionalInteger(value: unknown, where: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw broken(`${where}: want a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`);
  return value as number;
}

function broken(reason: string): EngineError {
  return new EngineError("invalid", `Decoding seccomp profile failed: ${reason}`);
}
