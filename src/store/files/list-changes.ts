import { shownPath, type BytePath } from "#lib/byte-path.ts";
import type { FileChange } from "./contract.ts";
import { walkDiff, type ChangedNode, type DiffVisitor, type OpenDiff } from "./diff-walk.ts";

/** What `docker diff` shows: a folder also when nothing but something in it changed. */
export function listChanges(diff: OpenDiff): FileChange[] {
  const list = new ChangeList();
  walkDiff(diff, list);
  return list.changes.toSorted((a, b) => (a.path < b.path ? -1 : 1)).map(({ path, kind }) => ({ path: shownPath(path), kind }));
}

class ChangeList implements DiffVisitor {
  readonly changes: FileChange[] = [];
  /** The folders from the root to where the walk is, and whether they are told of. */
  readonly #open: { readonly path: BytePath; told: boolean }[] = [];

  node({ path, kind, stats, emptied }: ChangedNode): (() => void) | undefined {
    const told = kind !== "same" || emptied;
    if (told) this.#tell(path, kind === "same" ? "modified" : kind);
    if (!stats.isDirectory()) return undefined;
    this.#open.push({ path, told });
    return () => {
      this.#open.pop();
    };
  }

  deleted(path: BytePath): void {
    this.#tell(path, "deleted");
  }

  #tell(path: BytePath, kind: FileChange["kind"]): void {
    for (const folder of this.#open) {
      if (!folder.told) this.changes.push({ path: folder.path, kind: "modified" });
      folder.told = true;
    }
    this.changes.push({ path, kind });
  }
}
