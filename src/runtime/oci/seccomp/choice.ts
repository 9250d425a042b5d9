import type { OciSeccomp } from "#spec/oci-runtime/spec.ts";
import type { SpecInput } from "../spec-input.ts";
import type { SecurityOptions } from "../spec/process/security-options.ts";
import { defaultFilter } from "./bpf.ts";
import { customSeccomp } from "./custom.ts";
import { defaultSeccomp, type SeccompTarget } from "./profile.ts";

/** What goes into the spec for seccomp: the section, and for crun the same as a finished program. */
export interface SeccompChoice {
  readonly section: OciSeccomp | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A runtime that does not know it compiles the section, which is always there as well. */
const CRUN_PROGRAM = "run.oci.seccomp_bpf_data";

/** The container's own choice, else the daemon's, else the built-in one. A privileged container has none, unless it names one. */
export function seccompChoice(input: SpecInput, { seccomp }: SecurityOptions, capabilities: readonly string[]): SeccompChoice {
  const { hostConfig, defaults, host } = input;
  const target = { architecture: host.architecture, capabilities, kernel: host.kernel };
  const wanted = seccomp ?? (hostConfig.Privileged === true ? "unconfined" : (defaults.seccompProfile ?? "builtin"));
  if (wanted === "unconfined") return { section: undefined, annotations: {} };
  if (wanted === "builtin") return builtIn(target, host.runtime);
  return { section: customSeccomp(wanted, target), annotations: {} };
}

const MOST_KEPT = 64;
/** Most containers have the same capabilities, and a program takes a millisecond to make. */
const made = new Map<string, SeccompChoice>();

function builtIn(target: SeccompTarget, runtime: string): SeccompChoice {
  const key = JSON.stringify([target, runtime]);
  const known = made.get(key);
  if (known !== undefined) return known;
  const program = runtime === "crun" ? defaultFilter(target) : undefined;
  const annotations = program === undefined ? {} : { [CRUN_PROGRAM]: program.toString("base64") };
  const choice: SeccompChoice = { section: defaultSeccomp(target), annotations };
  if (made.size >= MOST_KEPT) made.clear();
  made.set(key, choice);
  return choice;
}
