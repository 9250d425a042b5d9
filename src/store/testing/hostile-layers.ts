/** For tests: layers that try to reach the host, or to show another tree than they carry. The cases are those of public reports; see each one's `about`. */
import { file, folder, hardlink, symlink, type FixtureEntry } from "#lib/tar/testing.ts";

export interface HostileLayer {
  readonly name: string;
  /** What went wrong elsewhere: the row of the threat model that it belongs to. */
  readonly row: string;
  readonly about: string;
  readonly entries: (canary: string) => Iterable<FixtureEntry>;
  /** What has to come of it: refused, naming an entry that matches, or unpacked into the folder alone. */
  readonly outcome: { readonly refused: RegExp } | { readonly unpacked: true };
}

const UP = "../".repeat(24);
const unpacked = { unpacked: true } as const;
const refused = (entry: RegExp): { refused: RegExp } => ({ refused: entry });
const relative = (path: string): string => path.replace(/^\//, "");
const xattr = (name: string, value: string): Partial<FixtureEntry> => ({ pax: { [`SCHILY.xattr.${name}`]: value } });
const CAPABILITY = `\x01\0\0\x02\0\x20${"\0".repeat(14)}`;

/** CVE-2014-6407, -9356, CVE-2026-17106; npm tar CVE-2026-23745, -26960. */
const escapes: readonly HostileLayer[] = [
  {
    name: "dotdot",
    row: "CVE-2014-6407",
    about: "a name of dots",
    entries: (canary) => [file(`${UP}${relative(canary)}/pwn-dotdot`, "x")],
    outcome: refused(/pwn-dotdot/),
  },
  {
    name: "mid-dotdot",
    row: "CVE-2014-6407",
    about: "dots behind a folder",
    entries: (canary) => [folder("a/"), file(`a/${UP}${relative(canary)}/pwn-mid`, "x")],
    outcome: refused(/pwn-mid/),
  },
  {
    name: "abs",
    row: "CVE-2014-6407",
    about: "an absolute name belongs below the root",
    entries: (canary) => [file(`${canary}/pwn-abs`, "x")],
    outcome: unpacked,
  },
  {
    name: "sym-parent",
    row: "CVE-2014-6407",
    about: "a file behind a link to the host",
    entries: (canary) => [symlink("lnk", canary), file("lnk/pwn-sym", "x")],
    outcome: unpacked,
  },
  {
    name: "sym-rel",
    row: "CVE-2014-6407",
    about: "a file behind a link of dots",
    entries: (canary) => [symlink("lnk", UP + relative(canary)), file("lnk/pwn-symrel", "x")],
    outcome: unpacked,
  },
  {
    name: "sym-chain",
    row: "CVE-2026-26960",
    about: "links that only lead out together",
    entries: (canary) => [
      folder("a/"),
      folder("a/b/"),
      symlink("a/b/up", "../.."),
      symlink("a/esc", `b/up/${UP}${relative(canary)}`),
      file("a/esc/pwn-chain", "x"),
    ],
    outcome: unpacked,
  },
  {
    name: "swap",
    row: "CVE-2025-47290",
    about: "a folder that becomes a link",
    entries: (canary) => [folder("d/"), file("d/f", "1"), symlink("d", canary), file("d/pwn-swap", "x")],
    outcome: unpacked,
  },
  {
    name: "sym-over",
    row: "CVE-2021-32760",
    about: "a file over a link",
    entries: (canary) => [symlink("f", `${canary}/canary`), file("f", "OVERWRITTEN")],
    outcome: unpacked,
  },
  {
    name: "hard-abs",
    row: "CVE-2014-6407",
    about: "a hard link to a file of the host",
    entries: (canary) => [hardlink("leak", `${canary}/canary`)],
    outcome: refused(/leak/),
  },
  {
    name: "hard-dotdot",
    row: "CVE-2014-6407",
    about: "the same with dots",
    entries: (canary) => [hardlink("leak", `${UP}${relative(canary)}/canary`)],
    outcome: refused(/leak/),
  },
  {
    name: "hard-sym",
    row: "CVE-2014-6407",
    about: "a hard link behind a link",
    entries: (canary) => [symlink("s", canary), hardlink("leak", "s/canary")],
    outcome: refused(/leak/),
  },
  {
    name: "hard-write",
    row: "CVE-2021-32760",
    about: "writing through a hard link to a link (CVE-2021-32760)",
    entries: (canary) => [symlink("s", `${canary}/canary`), hardlink("leak", "s"), file("leak", "OVERWRITTEN")],
    outcome: unpacked,
  },
  {
    name: "chmod-sym",
    row: "CVE-2021-41089",
    about: "modes that follow links (CVE-2021-41089)",
    entries: (canary) => [
      { ...symlink("lnk", `${canary}/canary`), mode: 0o6777 },
      { ...hardlink("leak2", `${canary}/canary`), mode: 0o6777 },
    ],
    outcome: refused(/leak2/),
  },
];

const whiteouts: readonly HostileLayer[] = [
  {
    name: "wh-parent",
    row: "whiteout tricks",
    about: "a whiteout of ..",
    entries: () => [folder("x/"), file("x/.wh...")],
    outcome: refused(/x\/\.wh\.\.\./),
  },
  {
    name: "wh-self",
    row: "whiteout tricks",
    about: "a whiteout of .",
    entries: () => [folder("x/"), file("x/.wh..")],
    outcome: refused(/x\/\.wh\.\./),
  },
  {
    name: "wh-empty",
    row: "whiteout tricks",
    about: "a whiteout of nothing",
    entries: () => [folder("x/"), file("x/.wh.")],
    outcome: refused(/x\/\.wh\./),
  },
  {
    name: "wh-slash",
    row: "whiteout tricks",
    about: "a whiteout with a path",
    entries: (canary) => [file(`.wh.${UP}${relative(canary)}/canary`)],
    outcome: refused(/\.wh\./),
  },
  {
    name: "wh-sym",
    row: "whiteout tricks",
    about: "a whiteout behind a link",
    entries: (canary) => [symlink("lnk", canary), file("lnk/.wh.canary")],
    outcome: unpacked,
  },
  {
    name: "opq-sym",
    row: "whiteout tricks",
    about: "an emptied folder behind a link",
    entries: (canary) => [symlink("lnk", canary), file("lnk/.wh..wh..opq")],
    outcome: unpacked,
  },
  {
    name: "opq-root",
    row: "whiteout tricks",
    about: "an emptied root: legal, all below is hidden",
    entries: () => [file(".wh..wh..opq")],
    outcome: unpacked,
  },
  {
    name: "wh-plnk",
    row: "whiteout tricks",
    about: "what AUFS kept for itself",
    entries: () => [folder(".wh..wh.plnk/"), file(".wh..wh.plnk/1", "x"), hardlink("h", ".wh..wh.plnk/1")],
    outcome: unpacked,
  },
  {
    name: "raw-wh",
    row: "raw overlay whiteout",
    about: "an overlay's own mark of a deletion",
    entries: () => [{ name: "lower/keep", type: "3", major: 0, minor: 0 }],
    outcome: refused(/lower\/keep/),
  },
  {
    name: "linked-wh",
    row: "raw overlay whiteout",
    about: "the same by a hard link to a mark that the unpacker made",
    entries: () => [folder("lower/"), file("lower/.wh.other"), hardlink("lower/keep", "lower/other")],
    outcome: refused(/lower\/keep/),
  },
];

/** A scanner would see another tree than the container. */
const attributes: readonly HostileLayer[] = [
  {
    name: "xattr-opq",
    row: "overlay xattr smuggling",
    about: "a folder emptied by attribute",
    entries: () => [folder("lower/", xattr("trusted.overlay.opaque", "y"))],
    outcome: unpacked,
  },
  {
    name: "xattr-redir",
    row: "overlay xattr smuggling",
    about: "a folder that shows another",
    entries: () => [folder("stolen/", xattr("trusted.overlay.redirect", "/lower"))],
    outcome: unpacked,
  },
  {
    name: "xattr-meta",
    row: "overlay xattr smuggling",
    about: "a file with another's data",
    entries: () => [
      file("lower/keep", "", {
        pax: { "SCHILY.xattr.trusted.overlay.metacopy": "", "SCHILY.xattr.trusted.overlay.redirect": "/etc/passwd" },
      }),
    ],
    outcome: unpacked,
  },
  {
    name: "xattr-user",
    row: "overlay xattr smuggling",
    about: "the same for overlays of users",
    entries: () => [folder("lower/", xattr("user.overlay.opaque", "y"))],
    outcome: unpacked,
  },
  {
    name: "xattr-cap",
    row: "device nodes, setuid, caps",
    about: "a file capability: legal",
    entries: () => [file("bin/capsh", "x", xattr("security.capability", CAPABILITY))],
    outcome: unpacked,
  },
];

/** CVE-2026-41579 (/dev), CVE-2019-19921 and CVE-2023-28642 (/proc): legal as layers; the init layer takes them away. */
const places: readonly HostileLayer[] = [
  {
    name: "dev",
    row: "device nodes, setuid, caps",
    about: "device files: legal, the devices cgroup guards them",
    entries: () => [
      { name: "disk", type: "4", major: 254, minor: 0, mode: 0o666 },
      { name: "kmsg", type: "3", major: 1, minor: 11, mode: 0o666 },
    ],
    outcome: unpacked,
  },
  { name: "devdir", row: "CVE-2026-41579", about: "/dev is a link", entries: (canary) => [symlink("dev", canary)], outcome: unpacked },
  { name: "procsym", row: "CVE-2019-19921", about: "/proc is a link", entries: (canary) => [symlink("proc", canary)], outcome: unpacked },
  { name: "syssym", row: "CVE-2019-19921", about: "/sys is a link", entries: (canary) => [symlink("sys", canary)], outcome: unpacked },
  { name: "etcsym", row: "CVE-2026-41579", about: "/etc is a link", entries: (canary) => [symlink("etc", canary)], outcome: unpacked },
  {
    name: "passwdsym",
    row: "CVE-2024-9676",
    about: "users of the host",
    entries: (canary) => [symlink("etc/passwd", `${canary}/canary`), symlink("etc/group", "/proc/self/environ")],
    outcome: unpacked,
  },
  {
    name: "passwdfifo",
    row: "CVE-2024-9676",
    about: "a FIFO to wait for (CVE-2024-9676)",
    entries: () => [
      { name: "etc/passwd", type: "6" },
      { name: "etc/group", type: "6" },
    ],
    outcome: unpacked,
  },
  {
    name: "passwdhuge",
    row: "CVE-2026-47262",
    about: "a group of 80 MB (CVE-2026-47262)",
    entries: () => [file("etc/group", Buffer.alloc(80 * 1024 * 1024, "u,"))],
    outcome: unpacked,
  },
  {
    name: "suid",
    row: "device nodes, setuid, caps",
    about: "setuid: legal",
    entries: () => [file("bin/rootsh", "x", { mode: 0o4755 })],
    outcome: unpacked,
  },
];

/** CVE-2017-14992, CVE-2021-21285, CVE-2023-25153, CVE-2025-58183. */
const oddities: readonly HostileLayer[] = [
  {
    name: "longname",
    row: "CVE-2017-14992",
    about: "a name too long for the kernel",
    entries: () => [file("n".repeat(255), "ok"), file("n".repeat(256), "x")],
    outcome: refused(/n{100}/),
  },
  { name: "deep", row: "CVE-2017-14992", about: "1500 folders in each other", entries: deepFolders, outcome: unpacked },
  {
    name: "ctl",
    row: "CVE-2017-14992",
    about: "control characters",
    entries: () => [file("a\nb\x1b[31m", "x"), file("c\\d", "x")],
    outcome: unpacked,
  },
  { name: "nul", row: "CVE-2017-14992", about: "a NUL ends a name", entries: () => [file("ok\0evil", "x")], outcome: unpacked },
  {
    name: "nul-pax",
    row: "CVE-2017-14992",
    about: "a NUL in an extended name",
    entries: () => [file("f", "x", { pax: { path: "ok\0evil" } })],
    outcome: refused(/"f"|ok/),
  },
  {
    name: "dupdir",
    row: "CVE-2017-14992",
    about: "a name that changes its kind",
    entries: () => [file("a", "1"), folder("a/"), file("a/b", "2"), file("a", "3")],
    outcome: unpacked,
  },
  { name: "many", row: "CVE-2017-14992", about: "many files", entries: manyFiles, outcome: unpacked },
  {
    name: "badtime",
    row: "CVE-2017-14992",
    about: "times beyond all bounds",
    entries: () => [file("t", "x", { pax: { mtime: "-99999999999999", atime: "1e300" } })],
    outcome: unpacked,
  },
  {
    name: "bigsize",
    row: "CVE-2017-14992",
    about: "a size beyond all bounds",
    entries: () => [file("z", "x", { pax: { size: "9223372036854775807" } })],
    outcome: refused(/"z"/),
  },
  {
    name: "negid",
    row: "CVE-2017-14992",
    about: "ids at the upper end: legal",
    entries: () => [file("u", "x", { uid: 2 ** 31, gid: 2 ** 32 - 2 })],
    outcome: unpacked,
  },
  {
    name: "noid",
    row: "CVE-2017-14992",
    about: "the id that means none",
    entries: () => [file("u", "x", { uid: 2 ** 32 - 1 })],
    outcome: refused(/"u"/),
  },
];

export const hostileLayers: readonly HostileLayer[] = [...escapes, ...whiteouts, ...attributes, ...places, ...oddities];

function* deepFolders(): Generator<FixtureEntry> {
  for (let depth = 1; depth < 1500; depth++) yield folder(`${Array<string>(depth).fill("d").join("/")}/`);
}

function* manyFiles(): Generator<FixtureEntry> {
  for (let index = 0; index < 30_000; index++) yield file(`m/${index}`);
}
