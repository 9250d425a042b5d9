import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packTar, type TarEntry } from "#lib/tar-pack.ts";
import { useDaemon } from "../../support/daemon.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { scaled } from "../../support/scale.ts";

/** Flaws that other builders had, by their numbers, and rows of the threat model (security.md §1.5). */
const daemon = useDaemon({ images: [busyboxArchive] });
const canary = mkdtempSync(join(tmpdir(), "canary-"));
writeFileSync(join(canary, "secret"), "CANARY");
afterAll(() => rmSync(canary, { recursive: true, force: true }));

const intact = (): void => {
  expect(readdirSync(canary)).toEqual(["secret"]);
  expect(readFileSync(join(canary, "secret"), "utf8")).toBe("CANARY");
};

const file = (name: string, data: string): TarEntry => ({ name, type: "file", mode: 0o644, data: Buffer.from(data) });

/** What the answer says, whatever its status. */
async function build(lines: readonly string[], query: Record<string, string> = {}, entries: readonly TarEntry[] = []): Promise<string> {
  const body = packTar([file("Dockerfile", `${lines.join("\n")}\n`), ...entries]);
  return (await daemon.api("POST", `/build?${new URLSearchParams({ networkmode: "none", ...query }).toString()}`, body)).text;
}

const idOf = (said: string): string => /"ID":"(sha256:[0-9a-f]{64})"/.exec(said)?.[1] ?? said;
const cachedSteps = (said: string): number => said.match(/Using cache/g)?.length ?? 0;

describe("git", () => {
  const marker = join(canary, "made-by-git");

  it.each([
    ["an option in the place of a branch", `git://h/r#--upload-pack=touch\${IFS}${marker}:x`],
    ["a short option", "https://h/r.git#-x"],
    ["an option in the place of a folder", `https://h/r.git#a:--output=${marker}`],
    ["a folder outside", "https://h/r.git#main:../../etc"],
    ["a program", `ext::sh -c touch% ${marker}`],
    ["a file of the host", "file:///etc"],
    ["an option in the place of all", `--template=${canary}`],
    ["this host", "https://127.0.0.1:1/r.git"],
  ])("P23, CVE-2019-13139: %s has no effect", async (_, remote) => {
    const said = await build([], { remote });
    expect(said).toContain('"message"');
    expect(said).not.toContain("Successfully");
    expect(existsSync(marker)).toBe(false);
    intact();
  });
});

describe("mounts of RUN", () => {
  it("CVE-2024-23652: what is put in the place of a mount point is not cleaned up through", async () => {
    const replace = (target: string): string =>
      `rm -rf /${target} 2>/dev/null; umount /${target}/y 2>/dev/null; mv /${target} /old-${target}; ln -s ${canary} /${target}; true`;
    const said = await build([
      `FROM ${BUSYBOX}`,
      `RUN --mount=type=tmpfs,target=/a/y ${replace("a")}`,
      `RUN --mount=type=cache,target=/b/y,id=flaws-b ${replace("b")}`,
      `RUN --mount=type=bind,target=/c/y ${replace("c")}`,
      "RUN cat /a/secret /b/secret /c/secret; true",
    ]);
    expect(said).toContain("Successfully built");
    expect(said).not.toContain("CANARY");
    intact();
  });

  it("P27, CVE-2024-23651, CVE-2024-11218: a cache whose folder becomes a link, while others mount it, shows nothing of the host", async () => {
    const rounds = scaled(4, 100);
    const flip = `RUN --mount=type=cache,id=flaws,target=/k for i in $(seq 300); do rm -rf /k/d; ln -s / /k/d; ln -sfn ${canary} /k/e; rm -f /k/d; mkdir -p /k/d; done; rm -rf /k/d; ln -s ${canary} /k/d`;
    const read =
      "--mount=type=cache,id=flaws,source=d,target=/s --mount=type=cache,id=flaws,target=/k cat /s/secret /k/d/secret /k/e/secret; ls /s /k/d/ /k/e/";
    const looks = Array.from({ length: rounds }, (_, round) => `RUN ${read}; : ${round}`);
    const [, said] = await Promise.all([
      build([`FROM ${BUSYBOX}`, flip], { nocache: "1" }),
      build([`FROM ${BUSYBOX}`, ...looks.map((line) => `${line}; true`)], { nocache: "1" }),
    ]);
    expect(said).toContain("Successfully built");
    expect(said).not.toContain("CANARY");
    expect(said).not.toContain(":/secret");
    intact();
  });

  it("CVE-2024-1753, CVE-2024-9407, CVE-2024-9675: sources, options and ids of mounts stay in the tree that they are of", async () => {
    const stage = [`FROM ${BUSYBOX} AS evil`, `RUN ln -s / /root-link && ln -s ${canary} /canary-link`, `FROM ${BUSYBOX}`];
    const source = await build([
      ...stage,
      "RUN --mount=type=bind,from=evil,source=/root-link,target=/m ls /m; cat /m/proc/1/environ; true",
    ]);
    // The link's root is the stage's own.
    expect(source).toContain("canary-link");
    expect(source).not.toContain("PATH=");
    expect(await build([...stage, "RUN --mount=type=bind,from=evil,source=/canary-link,target=/m cat /m/secret"])).toContain("not found");
    expect(await build([...stage, "RUN --mount=type=bind,from=evil,bind-propagation=rshared,target=/m true"])).toMatch(
      /unexpected key 'bind-propagation'/,
    );
    await build([...stage, `RUN --mount=type=cache,id=../../../../../..${canary},target=/m rm -rf /m/*; touch /m/made; true`]);
    intact();
  });
});

describe("the Dockerfile", () => {
  it("CVE-2026-33747: has no frontend of its own: what `# syntax=` names is neither pulled nor run", async () => {
    const said = await build(["# syntax=evil.invalid/frontend:latest", `FROM ${BUSYBOX}`, "RUN true"]);
    expect(said).toContain("Successfully built");
    expect(said).not.toContain("evil.invalid");
  });

  it("CVE-2024-23653: gets no right that the daemon does not give, and none by a word that nobody knows", async () => {
    expect(await build([`FROM ${BUSYBOX}`, "RUN --security=insecure true"])).toContain("not allowed");
    expect(await build([`FROM ${BUSYBOX}`, "RUN --security=none grep Seccomp /proc/self/status"])).toContain('"message"');
    expect(await build([`FROM ${BUSYBOX}`, "RUN true"], { allow: '["everything"]' })).toContain("unknown entitlement");
  });

  it.each([
    [
      "a variable that doubles itself",
      [`ENV a=${"x".repeat(1000)}`, ...Array.from({ length: 30 }, () => "ENV a=${a}${a}")],
      "expands to more than",
    ],
    ["a hundred thousand instructions", Array.from({ length: 100_000 }, () => "ENV a=b"), "instructions"],
    ["ten thousand stages", Array.from({ length: 9_000 }, () => "FROM scratch"), "stages"],
    ["a trigger of triggers", ["ONBUILD ONBUILD RUN true"], "ONBUILD"],
  ])("is refused soon where it is %s", async (_, lines, message) => {
    const said = await build([`FROM ${BUSYBOX}`, ...lines]);
    expect(said).toMatch(new RegExp(message));
    expect(said).not.toContain("Successfully");
  });
});

describe("P25, CVE-2024-24557: the cache", () => {
  const image = (change: string): string[] => [`FROM ${BUSYBOX}`, "ARG TOKEN", change, "RUN id > /tmp/id"];

  it.each([
    ["HEALTHCHECK", "HEALTHCHECK CMD a", "HEALTHCHECK CMD b", true],
    ["ONBUILD", "ONBUILD RUN a", "ONBUILD RUN b", true],
    ["STOPSIGNAL", "STOPSIGNAL 9", "STOPSIGNAL 15", true],
    ["LABEL", "LABEL a=b", "LABEL a=c", true],
    ["SHELL", 'SHELL ["/bin/sh", "-c"]', 'SHELL ["/bin/ash", "-c"]', false],
    ["USER", "USER 5", "USER 6", false],
    ["ENV", "ENV a=b", "ENV a=c", false],
    ["WORKDIR", "WORKDIR /a", "WORKDIR /b", false],
  ])("takes no image for another that differs by its %s", async (_, one, other, runIsTheSame) => {
    const first = await build(image(one));
    const second = await build(image(other));
    expect(idOf(second)).toMatch(/^sha256:/);
    expect(idOf(second)).not.toBe(idOf(first));
    // A command that can see the difference is run again, another is not.
    expect(cachedSteps(second) === 1).toBe(runIsTheSame);
  });

  it("takes nothing of an image that came in from elsewhere, unless the client names it", async () => {
    const lines = [`FROM ${BUSYBOX}`, "RUN echo once > /file-of-an-image"];
    await build(lines, { t: "flaws/elsewhere" });
    await daemon.api("POST", "/build/prune?all=1");
    expect(cachedSteps(await build(lines))).toBe(0);
    await daemon.api("POST", "/build/prune?all=1");
    expect(cachedSteps(await build(lines, { cachefrom: '["flaws/elsewhere"]' }))).toBe(1);
  });
});

describe("P26: credentials", () => {
  it("in addresses are in no message, no history and no log, whether or not there is an answer", async () => {
    const secret = `pass-of-${process.pid}-word`;
    const said = [
      await build([`FROM ${BUSYBOX}`, `ADD http://user:${secret}@127.0.0.1:1/x /x`]),
      await build([`FROM ${BUSYBOX}`, `ADD https://user:${secret}@127.0.0.1:1/r.git /x`]),
      await build([], { remote: `https://user:${secret}@127.0.0.1:1/r.git` }),
      await build([], { remote: `http://user:${secret}@127.0.0.1:1/context.tar` }),
    ];
    for (const one of said) expect(one).toContain('"message"');
    expect(said.join("")).not.toContain(secret);
    expect(readFileSync(join(daemon.folder, "daemon.log"), "utf8")).not.toContain(secret);
    expect((await daemon.api("GET", "/system/df?type=build-cache")).text).not.toContain(secret);
  });
});
