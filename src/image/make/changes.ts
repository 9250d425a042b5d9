import path from "node:path/posix";
import { EngineError } from "#errors/engine-error.ts";
import { parseDuration } from "#lib/duration.ts";
import type { ImageRunConfig } from "#spec/oci-image/types.ts";
import { keyValues, words } from "./change-words.ts";

type Mutable = { -readonly [K in keyof ImageRunConfig]: ImageRunConfig[K] };
type Change = (config: Mutable, text: string) => void;

const MOST_CHANGES = 1000;
const LONGEST = 64 * 1024;

/** The instructions of a Dockerfile that change nothing but the configuration. */
const CHANGES: Readonly<Record<string, Change>> = {
  CMD: (config, text) => (config.Cmd = command(text)),
  ENTRYPOINT(config, text) {
    config.Entrypoint = command(text);
  },
  ENV(config, text) {
    for (const [key, value] of keyValues(text, "ENV")) config.Env = withVariable(config.Env ?? [], key, value);
  },
  EXPOSE(config, text) {
    const ports = words(text, "EXPOSE").map(exposedPort);
    config.ExposedPorts = { ...config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) };
  },
  HEALTHCHECK: (config, text) => (config.Healthcheck = healthcheck(text)),
  LABEL(config, text) {
    config.Labels = { ...config.Labels, ...Object.fromEntries(keyValues(text, "LABEL")) };
  },
  ONBUILD(config, text) {
    const [instruction = ""] = words(text, "ONBUILD");
    if (["ONBUILD", "FROM", "MAINTAINER"].includes(instruction.toUpperCase()))
      throw invalid(`${instruction} isn't allowed as an ONBUILD trigger`);
    config.OnBuild = [...(config.OnBuild ?? []), text];
  },
  STOPSIGNAL: (config, text) => (config.StopSignal = single(text, "STOPSIGNAL")),
  USER: (config, text) => (config.User = single(text, "USER")),
  VOLUME(config, text) {
    const volumes = jsonList(text) ?? words(text, "VOLUME");
    if (volumes.some((volume) => volume.trim() === "")) throw invalid("VOLUME specified can not be an empty string");
    config.Volumes = { ...config.Volumes, ...Object.fromEntries(volumes.map((volume) => [volume, {}])) };
  },
  WORKDIR(config, text) {
    config.WorkingDir = path.resolve("/", config.WorkingDir ?? "", single(text, "WORKDIR"));
  },
};

/**
 * Applies the `changes` of an import or a commit (`docker import --change 'CMD ["sh"]'`) to a configuration.
 *
 * @throws EngineError `invalid`, naming the instruction.
 */
export function applyChanges(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  if (changes.length > MOST_CHANGES) throw invalid(`more than ${MOST_CHANGES} changes`);
  const changed: Mutable = { ...config };
  const lines = changes.flatMap((change) => change.split("\n")).map((line) => line.trim());
  for (const line of lines.filter((candidate) => candidate !== "" && !candidate.startsWith("#"))) applyChange(changed, line);
  return changed;
}

function applyChange(config: Mutable, line: string): void {
  if (line.length > LONGEST) throw invalid(`a change is longer than ${LONGEST} characters`);
  const [, instruction = "", text = ""] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
  const name = instruction.toUpperCase();
  const change = Object.hasOwn(CHANGES, name) ? CHANGES[name] : undefined;
  if (change === undefined) throw invalid(`${instruction.slice(0, 100)} is not a valid change command`);
  if (text === "") throw invalid(`${name} requires at least one argument`);
  change(config, text);
}

/** The JSON form is taken as it is, everything else is the shell's. */
function command(text: string): string[] {
  return jsonList(text) ?? ["/bin/sh", "-c", text];
}

function jsonList(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === "string") ? list : undefined;
  } catch {
    return undefined;
  }
}

function withVariable(env: readonly string[], key: string, value: string): string[] {
  const entry = `${key}=${value}`;
  const index = env.findIndex((other) => other.split("=", 1)[0] === key);
  return index < 0 ? [...env, entry] : env.with(index, entry);
}

function exposedPort(text: string): string {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(text.toLowerCase());
  if (match === null || [match[1], match[2]].some((port) => port !== undefined && Number(port) > 65_535)) {
    throw invalid(`invalid containerPort: ${text.slice(0, 100)}`);
  }
  const [, from = "", to, protocol = "tcp"] = match;
  if (to !== undefined && to !== from) throw invalid(`EXPOSE of a range (${text.slice(0, 100)}) is not supported in a change`);
  return `${Number(from)}/${protocol}`;
}

function healthcheck(text: string): NonNullable<ImageRunConfig["Healthcheck"]> {
  const match = /^((?:--\S+\s+)*)(NONE|CMD)\s*(.*)$/is.exec(text);
  if (match === null) throw invalid(`Unknown type ${JSON.stringify(text.slice(0, 100))} in HEALTHCHECK (try CMD)`);
  const [, flags = "", kind = "", rest = ""] = match;
  if (kind.toUpperCase() === "NONE") return { Test: ["NONE"] };
  if (rest === "") throw invalid("Missing command after HEALTHCHECK CMD");
  const list = jsonList(rest);
  return { Test: list === undefined ? ["CMD-SHELL", rest] : ["CMD", ...list], ...healthFlags(flags) };
}

function healthFlags(flags: string): object {
  const durations: Readonly<Record<string, string>> = {
    interval: "Interval",
    timeout: "Timeout",
    "start-period": "StartPeriod",
    "start-interval": "StartInterval",
  };
  const read = flags
    .split(/\s+/)
    .filter(Boolean)
    .map((flag) => {
      const [, name = "", value = ""] = /^--([a-z-]+)=(.*)$/.exec(flag) ?? [];
      const field = Object.hasOwn(durations, name) ? durations[name] : undefined;
      const number = field === undefined ? Number(/^\d{1,6}$/.exec(value)?.[0] ?? Number.NaN) : Number(parseDuration(value) ?? Number.NaN);
      if ((field === undefined && name !== "retries") || !(number >= 0)) throw invalid(`invalid flag ${flag.slice(0, 100)} of HEALTHCHECK`);
      return [field ?? "Retries", number];
    });
  return Object.fromEntries(read) as object;
}

function single(text: string, name: string): string {
  if (name !== "WORKDIR" && /\s/.test(text)) throw invalid(`${name} requires exactly one argument`);
  return text;
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
