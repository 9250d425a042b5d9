import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The real ufw of Debian's package, unpacked and never installed: it works on a folder of its own, in the namespace that it is run in. */
export interface Ufw {
  /** @param folder where its settings are to be. */
  command(folder: string, ...parameters: string[]): string[];
}

/** Undefined where the package cannot be had. Kept for the next run. */
export function fetchUfw(): Ufw | undefined {
  const kept = join(tmpdir(), "dhow-tests-ufw");
  if (!existsSync(kept) && !unpackTo(kept)) return undefined;
  return {
    command(folder, ...parameters) {
      const root = join(folder, "ufw");
      if (!existsSync(root)) {
        cpSync(kept, root, { recursive: true });
        for (const family of ["", "6"]) {
          for (const part of ["before", "after", "user"]) {
            cpSync(join(root, `usr/share/ufw/${part}${family}.rules`), join(root, `etc/ufw/${part}${family}.rules`));
          }
        }
        cpSync(join(root, "usr/share/ufw/ufw.conf"), join(root, "etc/ufw/ufw.conf"));
        // It looks for its programs and folders there.
        for (const sub of ["lib/ufw", "usr/sbin"]) execFileSync("mkdir", ["-p", join(root, sub)]);
      }
      const environment = ["env", `PYTHONPATH=${join(root, "usr/lib/python3/dist-packages")}`, "LC_ALL=C"];
      return [...environment, "python3", join(root, "usr/sbin/ufw"), `--rootdir=${root}`, `--datadir=${root}`, ...parameters];
    },
  };
}

function unpackTo(kept: string): boolean {
  const folder = mkdtempSync(`${kept}-`);
  try {
    const script = "apt-get -qq download ufw && dpkg-deb -x ufw_*.deb unpacked";
    if (spawnSync("sh", ["-ec", script], { cwd: folder, stdio: "ignore", timeout: 60_000 }).status !== 0) return false;
    renameSync(join(folder, "unpacked"), kept);
    return true;
  } catch {
    // Another test was quicker.
    return existsSync(kept);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
