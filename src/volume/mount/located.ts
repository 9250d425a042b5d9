import type { VolumeContext } from "../deps.ts";
import type { PlannedMount } from "../request/planned-mount.ts";

/** Whether it stands at a place of its own for each holder. */
function isStaged({ type, subpath, ownerMapping }: PlannedMount): boolean {
  return type === "image" || subpath !== undefined || ownerMapping !== undefined;
}

/** The mounts with the sources that they have for a holder, who has had them prepared. */
export function located(
  { holds, stage }: Pick<VolumeContext, "holds" | "stage">,
  holder: string,
  mounts: readonly PlannedMount[],
): PlannedMount[] {
  return mounts.map((mount, index) => {
    if (isStaged(mount)) {
      const source = stage.pathOf(holder, index);
      // Of a bind that is shown as it is, nothing was put there.
      return mount.type === "bind" && !stage.has(holder, index) ? mount : { ...mount, source };
    }
    const path = mount.volumeName === undefined ? undefined : holds.pathOf(mount.volumeName, holder);
    return path === undefined || path === "" ? mount : { ...mount, source: path };
  });
}
