import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { BUSYBOX, busyboxArchive, imageArchive } from "../../support/images.ts";

/** Users by every way to write root's number that is not 0 (security.md P09; CVE-2024-40635). */
const PASSWD = [
  "root:x:0:0::/root:/bin/sh",
  "big:x:4294967296:4294967296::/:/bin/sh",
  "4294967296:x:0:0::/:/bin/sh",
  "neg:x:-1:-1::/:/bin/sh",
  "2147483648:x:0:0::/:/bin/sh",
  "web:x:1000:1000::/:/bin/sh",
].join("\n");
const USERS = "test/users:latest";
const users = (): Buffer => imageArchive(USERS, {}, [{ name: "etc/passwd", type: "file", mode: 0o644, data: Buffer.from(`${PASSWD}\n`) }]);
const daemon = useDaemon({ images: [busyboxArchive, users] });

describe("P14, moby@4f84bcb967: names that are none", () => {
  const names = ["../../x", "a/b", "..", "%2e%2e%2fx", "a%00b", "x".repeat(300), "__proto__", "-x", " ", "a\r\nb", "ü", "a b", "\u202Ex"];
  const before = (): string[] =>
    [daemon.folder, daemon.instance.dataRoot, daemon.instance.execRoot].flatMap((folder) =>
      readdirSync(folder).map((name) => `${folder}/${name}`),
    );

  it("are refused wherever something is named, and nothing is made of them", async () => {
    const there = before();
    const taken: string[] = [];
    for (const name of names) {
      const encoded = encodeURIComponent(name);
      const asked = {
        "a container": await daemon.api("POST", `/containers/create?name=${encoded}`, { Image: BUSYBOX }),
        "a volume": await daemon.api("POST", "/volumes/create", { Name: name }),
        "a volume of a bind": await daemon.api("POST", "/containers/create", { Image: BUSYBOX, HostConfig: { Binds: [`${name}:/x`] } }),
        "a mount": await daemon.api("POST", "/containers/create", {
          Image: BUSYBOX,
          HostConfig: { Mounts: [{ Type: "volume", Source: name, Target: "/x" }] },
        }),
        "a network": await daemon.api("POST", "/networks/create", { Name: name }),
        "a tag": await daemon.api("POST", `/images/${BUSYBOX}/tag?repo=${encoded}&tag=${encoded}`),
        "a rename": await daemon.api("POST", `/containers/nosuch/rename?name=${encoded}`),
      };
      for (const [what, { status }] of Object.entries(asked))
        if (status < 400 || status >= 500) taken.push(`${what} ${JSON.stringify(name.slice(0, 20))}: ${status}`);
      for (const path of [
        `/containers/${encoded}/json`,
        `/volumes/${encoded}`,
        `/networks/${encoded}`,
        `/images/${encoded}/json`,
        `/exec/${encoded}/json`,
      ]) {
        const { status } = await daemon.api("GET", path);
        if (![400, 404].includes(status)) taken.push(`GET ${path.slice(0, 40)}: ${status}`);
      }
    }
    // A network's name becomes neither a file nor a path: what is legible is taken, as with Docker.
    expect(taken.filter((line) => !line.startsWith("a network "))).toEqual([]);
    expect(before()).toEqual(there);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe("P09: users", () => {
  it.each([
    "4294967296",
    "4294967296:4294967296",
    "-1",
    "0x0",
    "1e1",
    "00",
    "+0",
    "big",
    "neg",
    "nosuch",
    "web:nosuch",
    "4294967295",
    "2147483648",
    ":",
    "web:",
  ])("%s is never root by accident", async (User) => {
    const { json, status } = await daemon.api("POST", "/containers/create", {
      Image: USERS,
      User,
      Cmd: ["id", "-u"],
      HostConfig: { NetworkMode: "none" },
    });
    const started = status === 201 ? await daemon.api("POST", `/containers/${json.Id}/start`) : undefined;
    if (started?.status !== 204) {
      expect([status, started?.status]).not.toContain(500);
      return;
    }
    await daemon.api("POST", `/containers/${json.Id}/wait`);
    const said = (await daemon.api("GET", `/containers/${json.Id}/logs?stdout=1`)).text.slice(8).trim();
    // Root by its own name in the image's passwd is the image's to say; by a number it is nobody's.
    const isNamed = PASSWD.split("\n").some((line) => line.startsWith(`${User.split(":")[0] ?? ""}:`) && line.split(":")[2] === "0");
    if (!isNamed && User !== ":" && !/^\+?0+(x0)?$/.test(User)) expect(said).not.toBe("0");
  });
});
