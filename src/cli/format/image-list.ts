import type { ImageSummary } from "#spec/docker-api/types.ts";
import type { ListFormat } from "./list.ts";
import { ago, decimalSize, shortId, timestamp } from "./units.ts";

const NONE = "<none>";

/** An image by one of its names. */
export interface ImageRow {
  readonly image: ImageSummary;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

export interface ImageRowsOptions {
  /** An image's digests are rows of their own where no tag has them. */
  readonly digests: boolean;
}

/** One row for each name of an image; one without a name for an image that has none. */
export function imageRows(images: readonly ImageSummary[], { digests }: ImageRowsOptions): ImageRow[] {
  return images.flatMap((image) => rowsOf(image, digests));
}

function rowsOf(image: ImageSummary, digests: boolean): ImageRow[] {
  const pinned = named(image.RepoDigests, "@");
  const digestOf = (repository: string): string => pinned.find(([name]) => name === repository)?.[1] ?? NONE;
  const tagged = named(image.RepoTags, ":").map(([repository, tag]) => ({ image, repository, tag, digest: digestOf(repository) }));
  const untagged = pinned.filter(([repository]) => !tagged.some((row) => row.repository === repository));
  const bare = untagged.map(([repository, digest]) => ({ image, repository, tag: NONE, digest }));
  const rows = digests ? [...tagged, ...bare] : tagged.length > 0 ? tagged : bare.slice(0, 1);
  return rows.length > 0 ? rows : [{ image, repository: NONE, tag: NONE, digest: NONE }];
}

/** Cuts each name at its last separator. `<none>:<none>` is what old daemons call no name. */
function named(names: readonly string[] | undefined, separator: string): [string, string][] {
  return (names ?? [])
    .filter((name) => !name.startsWith(NONE))
    .sort()
    .map((name) => [name.slice(0, name.lastIndexOf(separator)), name.slice(name.lastIndexOf(separator) + 1)]);
}

export interface ImageListOptions {
  readonly truncate: boolean;
  /** Whether the table has a column for them. */
  readonly digests: boolean;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** How `images` shows images. */
export function imageList({ truncate, digests, now }: ImageListOptions): ListFormat<ImageRow> {
  const known = (count: number | undefined, show: (count: number) => string): string =>
    count === undefined || count < 0 ? "N/A" : show(count);
  return {
    columns: [
      { name: "Repository", title: "REPOSITORY", show: ({ repository }) => repository },
      { name: "Tag", title: "TAG", show: ({ tag }) => tag },
      { name: "Digest", title: "DIGEST", show: ({ digest }) => digest },
      { name: "ID", title: "IMAGE ID", show: ({ image: { Id = "" } }) => (truncate ? shortId(Id) : Id) },
      { name: "CreatedSince", title: "CREATED", show: ({ image: { Created = 0 } }) => (Created > 0 ? ago(Created, now) : "N/A") },
      { name: "CreatedAt", title: "CREATED AT", show: ({ image: { Created = 0 } }) => timestamp(Created) },
      { name: "Size", title: "SIZE", show: ({ image: { Size = 0 } }) => decimalSize(Size) },
      { name: "Containers", title: "CONTAINERS", show: ({ image }) => known(image.Containers, String) },
      { name: "SharedSize", title: "SHARED SIZE", show: ({ image }) => known(image.SharedSize, decimalSize) },
    ],
    shown: ["Repository", "Tag", ...(digests ? ["Digest"] : []), "ID", "CreatedSince", "Size"],
  };
}
