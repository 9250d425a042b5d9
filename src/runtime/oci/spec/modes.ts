import type { HostConfig } from "#spec/docker-api/types.ts";
import type { SandboxDefaults } from "../spec-input.ts";

/** How a container stands to one kind of name space. */
export type NamespaceMode =
  | { readonly kind: "private" }
  | { readonly kind: "host" }
  /** The one of another container, by name or id. */
  | { readonly kind: "container"; readonly of: string };

/** IPC has two kinds more: one that others may join, and one without /dev/shm. */
export type IpcMode = NamespaceMode | { readonly kind: "shareable" } | { readonly kind: "none" };

const CONTAINER = "container:";

/** Undefined for a text that is no mode. */
export function pidMode(text = ""): NamespaceMode | undefined {
  return text === "" || text === "private" ? { kind: "private" } : shared(text);
}

export function utsMode(text = ""): NamespaceMode | undefined {
  if (text === "" || text === "private") return { kind: "private" };
  return text === "host" ? { kind: "host" } : undefined;
}

export function ipcMode(text = ""): IpcMode | undefined {
  if (text === "" || text === "private") return { kind: "private" };
  return text === "shareable" || text === "none" ? { kind: text } : shared(text);
}

/** On v1 a privileged container sees the host's groups, as Docker has it: its init systems expect the whole tree. */
export function cgroupMode(
  { CgroupnsMode, Privileged }: Pick<HostConfig, "CgroupnsMode" | "Privileged">,
  defaults: Pick<SandboxDefaults, "cgroupNamespace">,
  layout: "v1" | "v2" | "hybrid",
): "private" | "host" {
  const asked: string = CgroupnsMode ?? "";
  if (asked === "private" || asked === "host") return asked;
  return Privileged === true && layout !== "v2" ? "host" : defaults.cgroupNamespace;
}

function shared(text: string): NamespaceMode | undefined {
  if (text === "host") return { kind: "host" };
  return text.startsWith(CONTAINER) && text.length > CONTAINER.length ? { kind: "container", of: text.slice(CONTAINER.length) } : undefined;
}
