import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A root with the MariaDB server and its client out of Debian's packages, unpacked and never installed, and the libraries of this machine
 * that they need: 60 MB where a whole Debian would be three times that. It goes on top of an image with a shell. Kept for the next run.
 *
 * @returns undefined where the packages cannot be had.
 */
export function fetchMariadb(): string | undefined {
  const kept = join(tmpdir(), "dhow-tests-mariadb");
  if (existsSync(kept)) return kept;
  const folder = mkdtempSync(`${kept}-`);
  try {
    if (spawnSync("bash", ["-ec", UNPACK], { cwd: folder, stdio: "ignore", timeout: 120_000 }).status !== 0) return undefined;
    renameSync(join(folder, "root"), kept);
    return kept;
  } catch {
    // Another test was quicker, or the disk is full.
    return existsSync(kept) ? kept : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const UNPACK = `
apt-get -qq download mariadb-server-core mariadb-client-core liburing2
for package in *.deb; do dpkg-deb -x "$package" unpacked; done
mkdir -p root/usr/bin root/usr/sbin root/usr/share/mysql
cp unpacked/usr/sbin/mariadbd root/usr/sbin
cp -L unpacked/usr/bin/{mariadb,mariadb-install-db,my_print_defaults,resolveip} root/usr/bin
cp -r unpacked/usr/share/mysql/{*.sql,english,charsets} root/usr/share/mysql
libraries=(unpacked/usr/lib/*-linux-gnu)
for library in $(LD_LIBRARY_PATH="$libraries" ldd root/usr/sbin/mariadbd root/usr/bin/{mariadb,my_print_defaults,resolveip} | grep -o '[^ ]*/[^ ]*\\.so[^ ]*' | sort -u); do
  to="root\${library#"$libraries"}"
  [ "\${library#"$libraries"}" != "$library" ] && to="root/usr/lib/\${libraries##*/}/\${library##*/}"
  mkdir -p "\${to%/*}"
  cp -L "$library" "$to"
done
`;
