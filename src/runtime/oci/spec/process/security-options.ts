import { EngineError } from "#errors/engine-error.ts";

/** What HostConfig.SecurityOpt says; undefined where it says nothing. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean | undefined;
  /** `unconfined`, `builtin`, or the text of a profile. */
  readonly seccomp: string | undefined;
  /** `unconfined` or the name of a loaded profile. */
  readonly apparmor: string | undefined;
  readonly writableCgroups: boolean;
}

const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

/**
 * Parses `name=value` and the old `name:value`.
 *
 * @throws EngineError `invalid` with Docker's texts.
 */
export function parseSecurityOptions(options: readonly string[] = []): SecurityOptions {
  let parsed: SecurityOptions = { noNewPrivileges: undefined, seccomp: undefined, apparmor: undefined, writableCgroups: false };
  for (const option of options) parsed = { ...parsed, ...parseOption(option) };
  return parsed;
}

function parseOption(option: string): Partial<SecurityOptions> {
  if (option === "no-new-privileges") return { noNewPrivileges: true };
  if (option === "disable") return {};
  const separator = option.includes("=") ? "=" : ":";
  const cut = option.indexOf(separator);
  if (cut < 0) throw new EngineError("invalid", `invalid --security-opt 1: ${JSON.stringify(option)}`);
  return parsePair(option.slice(0, cut), option.slice(cut + 1), option);
}

function parsePair(name: string, value: string, option: string): Partial<SecurityOptions> {
  switch (name) {
    case "no-new-privileges":
      return { noNewPrivileges: parseBoolean(value, option) };
    case "writable-cgroups":
      return { writableCgroups: parseBoolean(value, option) };
    case "seccomp":
      return { seccomp: value };
    case "apparmor":
      return { apparmor: value };
    case "label":
      // Docker takes any, and where there is no SELinux none of them means anything: `warningsFor` says so.
      return {};
    default:
      throw new EngineError("invalid", `invalid --security-opt 2: ${JSON.stringify(option)}`);
  }
}

function parseBoolean(value: string, option: string): boolean {
  if (TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  throw new EngineError("invalid", `invalid --security-opt 2: ${JSON.stringify(option)}`);
}
