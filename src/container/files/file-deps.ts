import type { ContainerContext } from "../deps.ts";

/** What the verbs on a container's files take. */
export type FileDeps = Pick<
  ContainerContext,
  "store" | "sandbox" | "logger" | "snapshots" | "volumes" | "files" | "options" | "events" | "locks" | "userNamespaces"
>;
