import { Readable } from "node:stream";
import Docker from "dockerode";
import { expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { useDaemon } from "../support/daemon.ts";
import { DockerCli, runProgram } from "../support/docker-cli.ts";
import { useFolders } from "../support/folders.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";
import { peers } from "../support/peers.ts";

/** Other people's clients that build: those that read the classic wire's stream, and those that want BuildKit's. */
const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);
const context = useFolders();

const { BUILDX, COMPOSE, DOCKER_CONFIG = "" } = peers();
const FILES = { Dockerfile: `FROM ${BUSYBOX}\nCOPY f /f\nRUN --network=none cat /f\n`, f: "of the context\n" };
const INSTEAD = "BuildKit's protocol is not implemented yet by Dhow: set DOCKER_BUILDKIT=0 to build without it";

interface Message {
  readonly stream?: string;
  readonly aux?: { readonly ID?: string };
  readonly error?: string;
}

/** As programs do: the stream is read to its end by dockerode's own reader. */
async function byDockerode(dockerfile: string, options: Docker.ImageBuildOptions): Promise<readonly Message[]> {
  const client = new Docker({ socketPath: daemon.socket });
  const files = Object.entries({ ...FILES, Dockerfile: dockerfile });
  const tar = packTar(files.map(([name, text]) => ({ name, type: "file", mode: 0o644, data: Buffer.from(text) })));
  const stream = await client.buildImage(Readable.from([tar]), options);
  return await new Promise((resolve, reject) => {
    client.modem.followProgress(stream, (error: Error | null, messages: readonly Message[]) => {
      if (error === null) resolve(messages);
      else reject(error);
    });
  });
}

it("dockerode gets the lines, the id, and an error that says what failed", async () => {
  const messages = await byDockerode(FILES.Dockerfile, { t: "clients/dockerode", buildargs: { A: "b" }, labels: { of: "dockerode" } });
  expect(messages.map(({ stream = "" }) => stream).join("")).toMatch(
    /of the context\n[^]*Successfully tagged clients\/dockerode:latest\n$/,
  );
  const id = messages.find(({ aux }) => aux?.ID !== undefined)?.aux?.ID;
  const image = await new Docker({ socketPath: daemon.socket }).getImage("clients/dockerode").inspect();
  expect(image).toMatchObject({ Id: id, Config: { Labels: { of: "dockerode" } } });
  const failed = await byDockerode(`FROM ${BUSYBOX}\nRUN --network=none exit 3\n`, {});
  expect(failed.at(-1)).toMatchObject({ errorDetail: { code: 3 }, error: expect.stringContaining("returned a non-zero code: 3") });
});

it.skipIf(BUILDX === undefined)("docker with buildx says what to do instead, and does not start a builder of its own", async () => {
  const built = await docker.run(["build", "-t", "clients/buildx", context(FILES)], { environment: { DOCKER_CONFIG } });
  expect(built.code).toBe(1);
  expect(built.stderr).toContain(INSTEAD);
  expect(built.stderr).not.toContain("booting buildkit");
  expect(await docker.ok("ps", "-aq")).toBe("");
});

it.skipIf(COMPOSE === undefined)("compose builds over the classic wire, and says how to where it does not", async () => {
  const root = context({ ...FILES, "compose.yaml": "services:\n  web:\n    build: .\n    image: clients/compose\n" });
  const compose = async (environment: Record<string, string>) =>
    await runProgram([COMPOSE ?? "", "-f", `${root}/compose.yaml`, "build"], {
      environment: { HOME: daemon.folder, DOCKER_HOST: daemon.host, DOCKER_CONFIG, ...environment },
    });
  const classic = await compose({ DOCKER_BUILDKIT: "0" });
  expect(classic.code, classic.stderr).toBe(0);
  expect(classic.stdout + classic.stderr).toContain("Successfully tagged clients/compose:latest");
  if (BUILDX === undefined) return;
  const other = await compose({});
  expect(other.code).not.toBe(0);
  expect(other.stdout + other.stderr).toContain(INSTEAD);
});
