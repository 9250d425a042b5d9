import { constants } from "node:os";
import { EngineError } from "#errors/engine-error.ts";
import type { ContainerConfig } from "#spec/docker-api/types.ts";

/** The kernel's limit for one argument or variable (MAX_ARG_STRLEN). */
const LONGEST_STRING = 131_071;
const LONGEST_PATH = 4095;
/** The kernel's limit for a host name. */
const LONGEST_HOSTNAME = 64;
/** What cannot break the lines of /etc/hosts that it stands in. */
const HOSTNAME = /^[A-Za-z0-9_.-]+$/;

/** What a container is called and what it runs; the image's part has been merged in. @throws EngineError `invalid`. */
export function validateIdentity(config: ContainerConfig): void {
  validateHostname(config);
  validateWorkingDir(config.WorkingDir ?? "");
  for (const variable of config.Env ?? []) validateVariable(variable);
  for (const word of [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])]) {
    if (word.includes("\0") || Buffer.byteLength(word) > LONGEST_STRING)
      throw invalid(`invalid command: an argument holds a NUL or is longer than ${LONGEST_STRING} bytes`);
  }
  if ((config.User ?? "").includes("\0")) throw invalid("invalid user: it holds a NUL");
  const signal = config.StopSignal ?? "";
  if (signal !== "" && !isSignal(signal)) throw invalid(`invalid signal: ${shown(signal)}`);
}

function validateHostname({ Hostname = "", Domainname = "" }: ContainerConfig): void {
  if (Hostname !== "" && (Hostname.length > LONGEST_HOSTNAME || !HOSTNAME.test(Hostname)))
    throw invalid(`invalid hostname format: ${shown(Hostname)}`);
  if (Domainname !== "" && (Domainname.length > LONGEST_HOSTNAME || !HOSTNAME.test(Domainname)))
    throw invalid(`invalid domainname format: ${shown(Domainname)}`);
}

function validateWorkingDir(path: string): void {
  if (path === "") return;
  if (!path.startsWith("/") || path.includes("\0") || path.length > LONGEST_PATH) {
    throw invalid(`the working directory '${shown(path)}' is invalid, it needs to be an absolute path`);
  }
}

/** Only the name is shown: the value may be a secret. */
function validateVariable(variable: string): void {
  const [name = ""] = variable.split("=", 1);
  if (name === "") throw invalid(`invalid environment variable: ${shown(variable)}`);
  if (variable.includes("\0")) throw invalid(`invalid environment variable: ${shown(name)} holds a NUL`);
  if (Buffer.byteLength(variable) > LONGEST_STRING)
    throw invalid(`invalid environment variable: ${shown(name)} is longer than ${LONGEST_STRING} bytes`);
}

/** `9`, `KILL`, `SIGKILL`, `SIGRTMIN+3`. */
function isSignal(text: string): boolean {
  if (/^\d{1,2}$/.test(text)) return Number(text) >= 1 && Number(text) <= 64;
  const name = `SIG${text.toUpperCase().replace(/^SIG/, "")}`;
  return Object.hasOwn(constants.signals, name) || /^SIGRTMIN(\+(\d|1[0-5]))?$/.test(name) || /^SIGRTMAX(-(\d|1[0-4]))?$/.test(name);
}

function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
