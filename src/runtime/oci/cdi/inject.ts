import type { OciHook, OciHooks, OciSpec } from "#spec/oci-runtime/spec.ts";
import type { ContainerMount, Injection } from "../spec-input.ts";
import type { CdiEdits, CdiMount } from "./spec-file.ts";

const PROPAGATION = new Set(["private", "rprivate", "slave", "rslave", "shared", "rshared"]);
/** Options of mount(8) that are said by other means here. */
const SAID_OTHERWISE = new Set([...PROPAGATION, "rbind", "ro", "rw"]);

/** All but the device nodes, in the order that the specifications have it. */
export function injectionOf(edits: readonly CdiEdits[]): Injection {
  const hooks: OciHooks = {};
  for (const [name, added] of edits.flatMap((edit) => Object.entries(edit.hooks) as [keyof OciHooks, OciHook[]][])) {
    hooks[name] = [...(hooks[name] ?? []), ...added];
  }
  return {
    env: edits.flatMap(({ env }) => env),
    mounts: edits.flatMap(({ mounts }) => mounts.map(containerMount)),
    additionalGids: edits.flatMap(({ additionalGids }) => additionalGids),
    hooks,
    intelRdt: edits.findLast(({ intelRdt }) => intelRdt !== undefined)?.intelRdt,
  };
}

function containerMount({ type, hostPath, containerPath, options }: CdiMount): ContainerMount {
  const readOnly = options.includes("ro");
  return {
    type,
    target: containerPath,
    source: hostPath,
    readOnly,
    propagation: options.find((option) => PROPAGATION.has(option)) ?? "rprivate",
    options: type === "tmpfs" ? options : options.filter((option) => !SAID_OTHERWISE.has(option)),
  };
}

/** The specification with what the devices bring. Variables take the place of those of the same name; mounts are placed before. */
export function withInjection(spec: OciSpec, injection: Injection | undefined): OciSpec {
  if (injection === undefined) return spec;
  const { env, additionalGids, hooks, intelRdt } = injection;
  const { user } = spec.process;
  return {
    ...spec,
    process: {
      ...spec.process,
      env: withVariables(spec.process.env, env),
      user:
        additionalGids.length === 0 ? user : { ...user, additionalGids: [...new Set([...(user.additionalGids ?? []), ...additionalGids])] },
    },
    ...(Object.keys(hooks).length === 0 ? {} : { hooks }),
    linux: { ...(spec.linux ?? { namespaces: [] }), ...(intelRdt === undefined ? {} : { intelRdt }) },
  };
}

function withVariables(env: readonly string[], added: readonly string[]): string[] {
  const variables = new Map([...env, ...added].map((variable) => [variable.split("=", 1)[0] ?? "", variable]));
  return [...variables.values()];
}
