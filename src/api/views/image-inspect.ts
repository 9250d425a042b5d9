import type { ImageDetails } from "#image/list/inspect.ts";
import type { ImageInspect } from "#spec/docker-api/types.ts";
import type { ImageRunConfig } from "#spec/oci-image/types.ts";
import { isBefore, repoDigests, repoTags } from "./image.ts";

type Version = readonly [major: number, minor: number];

const ZERO_TIME = "0001-01-01T00:00:00Z";

/** Fields of a configuration that were there without a value until API 1.52, and those that only a container has, until 1.50. */
const SHOWN_TO_1_51 = { Cmd: null, Entrypoint: null, Env: null, Labels: null, OnBuild: null, User: "", Volumes: null, WorkingDir: "" };
const SHOWN_TO_1_49 = {
  AttachStderr: false,
  AttachStdin: false,
  AttachStdout: false,
  Domainname: "",
  Hostname: "",
  Image: "",
  OpenStdin: false,
  StdinOnce: false,
  Tty: false,
};

export function imageInspectView(details: ImageDetails, version: Version): ImageInspect {
  const { image, size, storage } = details;
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: repoTags(image.references),
    RepoDigests: repoDigests(image.references),
    ...createdField(config.created, version),
    ...withoutEmpty({ Comment: config.comment || config.history?.at(-1)?.comment, Author: config.author, Variant: config.variant }),
    Config: configView(config.config, version) as NonNullable<ImageInspect["Config"]>,
    Architecture: config.architecture,
    Os: config.os,
    ...withoutEmpty({ OsVersion: config["os.version"], Parent: image.parent, DockerVersion: config.docker_version }),
    Size: size,
    GraphDriver: { Name: storage.driver, Data: {} },
    RootFS: { Type: "layers", Layers: image.layers.map(({ diffId }) => diffId) },
    Metadata: { LastTagTime: image.lastTagged?.toISOString() ?? ZERO_TIME },
    ...oldFields(details, version),
  };
}

/** As the image says it; a text that is no time is not passed on. */
function createdField(created: string | undefined, version: Version): { Created?: string } {
  if (created !== undefined && !Number.isNaN(Date.parse(created))) return { Created: created };
  return isBefore(version, [1, 44]) ? { Created: ZERO_TIME } : {};
}

/** What older clients count on. */
function oldFields({ image, size }: ImageDetails, version: Version): object {
  const { comment, docker_version: dockerVersion, author, config, container, container_config: containerConfig } = image.config;
  return {
    ...(isBefore(version, [1, 52])
      ? {
          Parent: image.parent ?? "",
          Comment: comment || (image.config.history?.at(-1)?.comment ?? ""),
          DockerVersion: dockerVersion ?? "",
          Author: author ?? "",
        }
      : {}),
    ...(isBefore(version, [1, 45]) ? { Container: container ?? "", ContainerConfig: containerConfig ?? configView(config, version) } : {}),
    ...(isBefore(version, [1, 44]) ? { VirtualSize: size } : {}),
  };
}

function configView(config: ImageRunConfig = {}, version: Version): object {
  return {
    ...(isBefore(version, [1, 50]) ? SHOWN_TO_1_49 : {}),
    ...(isBefore(version, [1, 52]) ? SHOWN_TO_1_51 : {}),
    ...withoutEmpty(config),
  };
}

/** Without what says nothing: null, "", false, and empty lists and maps. */
function withoutEmpty<T extends object>(value: T): Partial<T> {
  const isEmpty = (item: unknown): boolean =>
    item === undefined || item === null || item === "" || item === false || (typeof item === "object" && Object.keys(item).length === 0);
  return Object.fromEntries(Object.entries(value).filter(([, item]) => !isEmpty(item))) as Partial<T>;
}
