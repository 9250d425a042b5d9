import { EngineError } from "#errors/engine-error.ts";
import type { ContainerConfig, HealthConfig } from "#spec/docker-api/types.ts";
import type { ImageRunConfig } from "#spec/oci-image/types.ts";

/**
 * What a user asked for, completed by the image, by moby's rules (daemon/commit.go, `merge`): a user's Entrypoint resets the
 * image's Cmd; `Entrypoint: []` and `[""]` clear the image's; variables, labels, ports and volumes are joined by key.
 *
 * @throws EngineError `invalid` when there is nothing to run.
 */
export function mergeConfig(user: ContainerConfig, image: ImageRunConfig = {}): ContainerConfig {
  const merged: ContainerConfig = {
    ...user,
    ...mergeCommand(user, image),
    User: user.User || image.User || "",
    Env: mergeEnv(user.Env, image.Env),
    Labels: joinKeys<string>(withoutOurs(image.Labels), user.Labels),
    ExposedPorts: joinKeys<Record<string, unknown>>(image.ExposedPorts, user.ExposedPorts),
    Volumes: joinKeys<Record<string, unknown>>(image.Volumes, user.Volumes),
    WorkingDir: user.WorkingDir || image.WorkingDir || "",
    StopSignal: user.StopSignal || image.StopSignal || undefined,
    Healthcheck: mergeHealthcheck(user.Healthcheck, image.Healthcheck ?? undefined),
  };
  if (isEmpty(merged.Entrypoint) && isEmpty(merged.Cmd)) throw new EngineError("invalid", "no command specified");
  return merged;
}

type Command = Pick<ContainerConfig, "Entrypoint" | "Cmd" | "ArgsEscaped">;

function mergeCommand(user: ContainerConfig, image: ImageRunConfig): Command {
  const command: Command = { Entrypoint: user.Entrypoint, Cmd: user.Cmd, ArgsEscaped: user.ArgsEscaped };
  if (isEmpty(command.Entrypoint)) {
    if (isEmpty(command.Cmd)) Object.assign(command, { Cmd: listOf(image.Cmd), ArgsEscaped: image.ArgsEscaped });
    command.Entrypoint ??= listOf(image.Entrypoint);
  }
  if (command.Entrypoint?.length === 1 && command.Entrypoint[0] === "") command.Entrypoint = undefined;
  return command;
}

/** The user's first, as given; then the image's that the user does not name. */
function mergeEnv(user: readonly string[] = [], image: readonly string[] | null | undefined = []): string[] {
  const named = new Set(user.map(nameOf));
  return [...user, ...(image ?? []).filter((variable) => !named.has(nameOf(variable)))];
}

function nameOf(variable: string): string {
  const separator = variable.indexOf("=");
  return separator < 0 ? variable : variable.slice(0, separator);
}

/** Labels that this engine acts on are the user's to set: an image must not (CVE-2026-53488). */
function withoutOurs(labels: ImageRunConfig["Labels"]): Record<string, string> {
  return Object.fromEntries(Object.entries(labels ?? {}).filter(([name]) => !name.startsWith("dhow.")));
}

/** From entries: a label named `__proto__` is a label. */
function joinKeys<T>(
  image: Readonly<Record<string, unknown>> | null | undefined,
  user: Readonly<Record<string, unknown>> | undefined,
): Record<string, T> {
  return Object.fromEntries([...Object.entries(image ?? {}), ...Object.entries(user ?? {})]) as Record<string, T>;
}

function mergeHealthcheck(user: HealthConfig | undefined, image: HealthConfig | undefined): HealthConfig | undefined {
  if (user === undefined || image === undefined) return user ?? image;
  return {
    Test: isEmpty(user.Test) ? image.Test : user.Test,
    Interval: user.Interval || image.Interval,
    Timeout: user.Timeout || image.Timeout,
    StartPeriod: user.StartPeriod || image.StartPeriod,
    StartInterval: user.StartInterval || image.StartInterval,
    Retries: user.Retries || image.Retries,
  };
}

function listOf(list: readonly string[] | null | undefined): string[] | undefined {
  return list === null || list === undefined ? undefined : [...list];
}

function isEmpty(list: readonly string[] | undefined): boolean {
  return list === undefined || list.length === 0;
}
