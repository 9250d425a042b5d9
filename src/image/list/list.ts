import type { Digest } from "#spec/digest.ts";
import type { Reference } from "#spec/reference.ts";
import { createdAt, sizeOf, type Image } from "../record/image.ts";
import type { ImageStore } from "../record/image-store.ts";
import { matchesDates, matchesImageLabels, matchesReference, readListFilters, type ListFilters } from "./list-filters.ts";
import type { ContainerUse } from "../ports.ts";
import type { Filters } from "#spec/filters/filters.ts";

export interface ListInput {
  /** Also images that only serve as a parent of others. */
  readonly all: boolean;
  readonly sharedSize: boolean;
  readonly filters: Filters;
}

export interface ListedImage {
  readonly image: Image;
  /** Those that the filters let through. */
  readonly references: readonly Reference[];
  readonly size: number;
  /** Bytes of layers that other images have too; undefined when it was not asked for. */
  readonly sharedSize: number | undefined;
  /** Containers made from it. */
  readonly containers: number;
}

/** Images that match, newest first. @throws EngineError `invalid` for a filter's value, `not-found` for an image a filter names. */
export function listImages(deps: { images: ImageStore; containers: ContainerUse }, input: ListInput, now: number): ListedImage[] {
  const filters = readListFilters(deps.images, input.filters, now);
  const all = deps.images.all();
  const users = input.sharedSize ? countLayerUsers(all) : undefined;
  return all
    .filter((image) => matchesDates(filters, image) && matchesImageLabels(filters, image))
    .map((image) => ({ image, references: image.references.filter((reference) => matchesReference(filters, reference)) }))
    .filter(({ image, references }) => isShown(deps.images, input, filters, image, references))
    .map(({ image, references }) => ({
      image,
      references,
      size: sizeOf(image),
      sharedSize: users === undefined ? undefined : sharedSizeOf(image, users),
      containers: deps.containers.usersOf(image.id).length,
    }))
    .toSorted((a, b) => (createdAt(b.image) ?? 0) - (createdAt(a.image) ?? 0) || (a.image.id < b.image.id ? -1 : 1));
}

/** An image without a tag is dangling, and an intermediate one (hidden) when others were built from it. */
function isShown(images: ImageStore, input: ListInput, filters: ListFilters, image: Image, references: readonly Reference[]): boolean {
  if (references.length > 0) return filters.dangling !== true || references.every((reference) => reference.digest !== undefined);
  if (filters.patterns.length > 0 || filters.dangling === false) return false;
  return input.all || images.childrenOf(image.id).length === 0;
}

function countLayerUsers(images: readonly Image[]): ReadonlyMap<Digest, number> {
  const users = new Map<Digest, number>();
  for (const { chainId } of images.flatMap((image) => image.layers)) users.set(chainId, (users.get(chainId) ?? 0) + 1);
  return users;
}

function sharedSizeOf(image: Image, users: ReadonlyMap<Digest, number>): number {
  return image.layers.filter(({ chainId }) => (users.get(chainId) ?? 0) > 1).reduce((sum, layer) => sum + layer.size, 0);
}
