import { describe, expect, it } from "vitest";
import { type AccountFiles, resolveUserRemap } from "./userns-remap.ts";

const files: AccountFiles = {
  passwd: "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n",
  group: "root:x:0:\nann:x:1000:\nteam:x:2000:ann\n",
  subuid: "ann:100000:65536\nann:300000:10\n1001:500000:65536\n# a comment\nbroken:x:1\n",
  subgid: "ann:200000:65536\nteam:400000:1000\nbob:600000:65536\n",
};

describe("userns-remap", () => {
  it.each([
    [
      "ann",
      "ann",
      [
        [0, 100000, 65536],
        [65536, 300000, 10],
      ],
      [[0, 200000, 65536]],
    ],
    [
      "1000",
      "ann",
      [
        [0, 100000, 65536],
        [65536, 300000, 10],
      ],
      [[0, 200000, 65536]],
    ],
    [
      "ann:team",
      "ann",
      [
        [0, 100000, 65536],
        [65536, 300000, 10],
      ],
      [[0, 400000, 1000]],
    ],
    [
      "1000:2000",
      "ann",
      [
        [0, 100000, 65536],
        [65536, 300000, 10],
      ],
      [[0, 400000, 1000]],
    ],
    ["bob", "bob", [[0, 500000, 65536]], [[0, 600000, 65536]]],
  ])("%s is user %s", (setting, user, uids, gids) => {
    const remap = resolveUserRemap(setting, files);
    const shown = (ranges: readonly { containerID: number; hostID: number; size: number }[] = []): number[][] =>
      ranges.map(({ containerID, hostID, size }) => [containerID, hostID, size]);
    expect([remap?.user, shown(remap?.mapping.uids), shown(remap?.mapping.gids), remap?.claims]).toEqual([user, uids, gids, {}]);
  });

  it.each([
    ["carl", 'error during uid lookup for "carl": no such user'],
    ["77", "uid 77 has no entry in /etc/passwd"],
    ["ann:carl", 'error during gid lookup for "carl": no such group'],
    ["ann:77", "gid 77 has no entry in /etc/group"],
    ["a:b:c", 'invalid user/group specification in --userns-remap: "a:b:c"'],
    [":ann", "invalid user/group specification"],
    ["ann:", "invalid user/group specification"],
  ])("%s is refused", (setting, message) => {
    expect(() => resolveUserRemap(setting, files)).toThrow(message);
  });

  it("says which line is missing", () => {
    expect(() => resolveUserRemap("ann", { ...files, subgid: "" })).toThrow(
      'no subgid ranges found for "ann": add a line such as "ann:100000:65536" to /etc/subgid',
    );
  });

  it("leaves root alone", () => {
    expect(resolveUserRemap("root", files)).toBeUndefined();
  });

  it("takes the ranges of dhowremap for the default, or free ones, which it asks to write down", () => {
    const line = "dhowremap:700000:65536";
    const own = resolveUserRemap("default", { ...files, subuid: `${files.subuid}${line}\n`, subgid: `${files.subgid}${line}\n` });
    expect([own?.mapping.uids[0]?.hostID, own?.claims]).toEqual([700000, {}]);
    const free = resolveUserRemap("default", files);
    const claim = `dhowremap:${600000 + 65536}:65536`;
    expect([free?.mapping.uids, free?.claims]).toEqual([
      [{ containerID: 0, hostID: 665536, size: 65536 }],
      { subuid: claim, subgid: claim },
    ]);
    expect(resolveUserRemap("default", { ...files, subuid: "", subgid: "" })?.claims.subuid).toBe("dhowremap:100000:65536");
  });
});
