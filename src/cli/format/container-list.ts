import type { ContainerSummary } from "#spec/docker-api/types.ts";
import type { ListFormat } from "./list.ts";
import { showPorts } from "./ports.ts";
import { ago, decimalSize, ellipsis, shortId, timestamp } from "./units.ts";

export interface ContainerListOptions {
  readonly truncate: boolean;
  /** Whether the table has a column for it. */
  readonly size: boolean;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** Most characters of what may be long. */
const WIDTHS = { command: 20, mount: 15 };

/** How `ps` shows containers. */
export function containerList({ truncate, size, now }: ContainerListOptions): ListFormat<ContainerSummary> {
  const short = (text: string, width: number): string => (truncate ? ellipsis(text, width) : text);
  return {
    columns: [
      { name: "ID", title: "CONTAINER ID", show: ({ Id = "" }) => (truncate ? shortId(Id) : Id) },
      { name: "Image", title: "IMAGE", show: ({ Image = "" }) => imageName(Image, truncate) },
      { name: "Command", title: "COMMAND", show: ({ Command = "" }) => JSON.stringify(short(Command, WIDTHS.command)) },
      { name: "CreatedAt", title: "CREATED AT", show: ({ Created = 0 }) => timestamp(Created) },
      { name: "RunningFor", title: "CREATED", show: ({ Created = 0 }) => ago(Created, now) },
      { name: "Status", title: "STATUS", show: ({ Status = "" }) => Status },
      { name: "State", title: "STATE", show: ({ State = "" }) => State },
      { name: "Ports", title: "PORTS", show: ({ Ports }) => showPorts(Ports ?? []) },
      { name: "Names", title: "NAMES", show: ({ Names }) => ownNames(Names ?? []).join(",") },
      { name: "Labels", title: "LABELS", show: ({ Labels }) => labelsOf(Labels ?? {}) },
      { name: "LocalVolumes", title: "LOCAL VOLUMES", show: ({ Mounts }) => String(Mounts?.filter(isLocal).length ?? 0) },
      {
        name: "Mounts",
        title: "MOUNTS",
        show: ({ Mounts }) => (Mounts ?? []).map((mount) => short(sourceOf(mount), WIDTHS.mount)).join(","),
      },
      {
        name: "Networks",
        title: "NETWORKS",
        show: ({ NetworkSettings }) =>
          Object.keys(NetworkSettings?.Networks ?? {})
            .sort()
            .join(","),
      },
      { name: "Size", title: "SIZE", show: sizeOf },
    ],
    shown: ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names", ...(size ? ["Size"] : [])],
    methods: { Label: ({ Labels }, name) => Labels?.[name] ?? "" },
  };
}

type Mount = NonNullable<ContainerSummary["Mounts"]>[number];

const sourceOf = ({ Name = "", Source = "" }: Mount): string => (Name === "" ? Source : Name);
const isLocal = ({ Driver }: Mount): boolean => Driver === "local";

/** An image that has lost its name is an id. */
function imageName(image: string, truncate: boolean): string {
  if (image === "") return "<no image>";
  return truncate && /^(sha256:)?[0-9a-f]{64}$/.test(image) ? shortId(image) : image;
}

/** `/web` is a name, `/web/db` one that a link gave. */
function ownNames(names: readonly string[]): string[] {
  return names.map((name) => name.replace(/^\//, "")).filter((name) => !name.includes("/"));
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(",");
}

function sizeOf({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  return SizeRootFs > 0 ? `${decimalSize(SizeRw)} (virtual ${decimalSize(SizeRootFs)})` : decimalSize(SizeRw);
}
