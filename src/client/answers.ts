import type * as api from "#spec/docker-api/types.ts";

/** With fields that every daemon sends, though the specification, from which the types are made, leaves nearly all of them open. */
type Sent<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]-?: Exclude<T[P], undefined> };

export type ListedContainer = Sent<
  api.ContainerSummary,
  "Id" | "Names" | "Image" | "ImageID" | "Command" | "Created" | "Ports" | "Labels" | "State" | "Status" | "Mounts"
>;

type SentState = Sent<api.ContainerState, "Status" | "Running" | "Paused" | "ExitCode" | "Pid" | "StartedAt" | "FinishedAt">;
type SentNetworkSettings = Sent<api.NetworkSettings, "Ports" | "Networks">;

export type InspectedContainer = Sent<
  Omit<api.ContainerInspectResponse, "State" | "NetworkSettings"> & { State: SentState; NetworkSettings: SentNetworkSettings },
  "Id" | "Name" | "Created" | "Path" | "Args" | "Image" | "RestartCount" | "Config" | "HostConfig" | "Mounts"
>;

export type ListedImage = Sent<api.ImageSummary, "Id" | "RepoTags" | "RepoDigests" | "Created" | "Size">;
export type InspectedImage = Sent<api.ImageInspect, "Id" | "RepoTags" | "RepoDigests" | "Size" | "Architecture" | "Os" | "Config">;
export type ListedNetwork = Sent<api.NetworkSummary, "Id" | "Name" | "Driver" | "Scope" | "IPAM" | "Options" | "Labels">;
export type CreatedNetwork = Sent<api.NetworkCreateResponse, "Id">;
export type InspectedNetwork = Sent<api.NetworkInspect, "Id" | "Name" | "Driver" | "Scope" | "IPAM" | "Containers" | "Options" | "Labels">;
export type EngineEventMessage = Sent<api.EventMessage, "Type" | "Action" | "scope" | "time" | "timeNano"> & {
  readonly Actor: Sent<api.EventActor, "ID" | "Attributes">;
};
