import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { useFolders } from "../../support/folders.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/** `dhow build`, which speaks the classic wire and brings secrets in front of the body. */
const daemon = useDaemon({ images: [busyboxArchive] });
const dhow = dhowCli(daemon);
const context = useFolders();

/** Where a text stands in the files of a folder, the daemon's state as a rule. */
function filesWith(root: string, text: string): string[] {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((file) => join(file.parentPath, file.name)).filter((file) => readFileSync(file).includes(text));
}

it("builds a folder without what is ignored, names the image, and shows each step", async () => {
  const root = context({
    Dockerfile: `FROM ${BUSYBOX} AS one\nARG FROM_ENV\nARG GIVEN\nWORKDIR /srv\nCOPY . .\nRUN echo "$FROM_ENV $GIVEN" > said\nFROM one\nCMD cat said; ls`,
    ".dockerignore": "*.md\n!keep.md\n",
    "lost.md": "",
    "keep.md": "",
  });
  const iid = join(daemon.folder, "iid");
  const flags = ["--build-arg", "FROM_ENV", "--build-arg", "GIVEN=b c", "--label", "of=build", "--iidfile", iid, "-t", "command/one", root];
  const { code, stdout, stderr } = await dhow.run(["build", ...flags], { environment: { FROM_ENV: "a" } });
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: "" });
  expect(stderr).toContain('Step 6/8 : RUN echo "$FROM_ENV $GIVEN" > said\n');
  expect(stderr).toContain("\n 1 warning found:\n - JSONArgsRecommended: JSON arguments recommended for CMD");
  expect(stderr.endsWith("Successfully tagged command/one:latest\n")).toBe(true);
  expect(readFileSync(iid, "utf8")).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect((await dhow.ok("run", "--rm", "command/one")).split("\n")).toEqual(["a b c", "Dockerfile", "keep.md", "said"]);
  const again = await dhow.run(["build", "-q", ...flags], { environment: { FROM_ENV: "a" } });
  expect(again).toEqual({ code: 0, stdout: `${readFileSync(iid, "utf8")}\n`, stderr: "" });
});

it("takes a Dockerfile from stdin, and one from outside the context", async () => {
  const piped = await dhow.run(["build", "-q", "-"], { input: `FROM ${BUSYBOX}\nCOPY <<a /a\nfrom stdin\na\n` });
  expect(piped).toMatchObject({ code: 0, stderr: "" });
  expect(await dhow.ok("run", "--rm", piped.stdout.trim(), "cat", "/a")).toBe("from stdin");
  const root = context({ "context/f": "of the context", "outside/D": `FROM ${BUSYBOX}\nCOPY . /all/\n` });
  const outside = await dhow.run(["build", "-q", "--compress", "-f", join(root, "outside/D"), join(root, "context")]);
  expect(outside).toMatchObject({ code: 0, stderr: "" });
  expect(await dhow.ok("run", "--rm", outside.stdout.trim(), "ls", "-A", "/all")).toMatch(/^(?:\.dockerfile\.\w+\n)?f$/);
});

it("gives secrets to the RUN that asks, and leaves them nowhere", async () => {
  const secret = `canary-${process.pid}-of-a-secret`;
  const run = "--mount=type=secret,id=token,mode=0444 --mount=type=secret,id=KEY,env=KEY --mount=type=secret,id=optional";
  const root = context({
    Dockerfile: `FROM ${BUSYBOX}\nRUN ${run} wc -c < /run/secrets/token && echo "\${#KEY} in KEY" && ls /run/secrets\nRUN ! ls /run/secrets && test -z "$KEY"\n`,
  });
  const file = join(context({ token: secret }), "token");
  const flags = ["--no-cache", "--secret", `id=token,src=${file}`, "--secret", "id=KEY,env=SOME_KEY", "-t", "command/secret", root];
  const { code, stderr } = await dhow.run(["build", ...flags], { environment: { SOME_KEY: `${secret}!` } });
  expect(code, stderr).toBe(0);
  expect(stderr).toContain(`\n${secret.length}\n${secret.length + 1} in KEY\ntoken\n`);
  expect(filesWith(daemon.folder, secret)).toEqual([]);
  const missing = await dhow.run(["build", "-"], { input: `FROM ${BUSYBOX}\nRUN --mount=type=secret,id=x,required true\n` });
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain("secret x: not found");
});

it.each([
  [
    "an unknown instruction",
    "COPPY a b",
    /line 2: unknown instruction: COPPY \(did you mean COPY\?\)\nDockerfile:2\n-+\n.*\n {3}2 \| >>> COPPY a b\n/,
  ],
  ["a command that fails", "RUN echo said; exit 3", /\nsaid\n.*The command '\/bin\/sh -c echo said; exit 3' returned a non-zero code: 3/s],
])("ends with 1 and says what is wrong: %s", async (_, line, message) => {
  const { code, stdout, stderr } = await dhow.run(["build", "-"], { input: `FROM ${BUSYBOX}\n${line}\n` });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(message);
});
