import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";

/** Makes folders with files, by path and content, which are gone when the tests of the file are done. */
export function useFolders(): (files: Record<string, string>) => string {
  const base = mkdtempSync(join(tmpdir(), "folders-"));
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  return (files) => {
    const root = mkdtempSync(join(base, "folder-"));
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), content);
    }
    return root;
  };
}
