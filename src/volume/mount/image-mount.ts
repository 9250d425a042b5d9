import { createHash } from "node:crypto";
import type { ImageRoots } from "../ports.ts";

/** What the content of an image is kept under that a container has mounted: the layers stay, whatever becomes of the image's name. */
export function imageReservation(container: string, target: string): string {
  return `${container}.image-${createHash("sha256").update(target).digest("hex").slice(0, 32)}`;
}

/** All of one container's. */
export function imageReservations(images: Pick<ImageRoots, "reserved">, container: string): string[] {
  return images.reserved().filter((name) => name.startsWith(`${container}.image-`));
}
