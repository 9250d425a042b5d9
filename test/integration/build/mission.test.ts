import { chmodSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { useFolders } from "../../support/folders.ts";
import { alpineArchive, haveDebian, haveImage } from "../../support/mission.ts";
import { figure } from "../../support/scale.ts";
import { WheelIndex } from "../../support/wheel-index.ts";

/**
 * The Dockerfiles that people write, word for word, on stand-ins of the images that they name: apt-get, pip, npm and go for real, by the docker
 * command line. Takes minutes and the network: `npm run test:soak -- mission`.
 */
describe("Dockerfiles of every day", () => {
  const daemon = useDaemon({ images: [alpineArchive] });
  const docker = new DockerCli(daemon);
  const context = useFolders();
  const wheels = new WheelIndex();
  beforeAll(async () => {
    await haveDebian(docker, "debian:bookworm-slim", "ubuntu:20.04");
    await wheels.start();
  });
  afterAll(() => wheels.close());

  async function build(name: string, files: Record<string, string> | string, ...flags: string[]): Promise<void> {
    const began = performance.now();
    const options = { environment: { DOCKER_BUILDKIT: "0" }, timeout: 1_200_000 };
    const { code, stdout, stderr } = await docker.run(
      ["build", "-t", name, ...flags, typeof files === "string" ? files : context(files)],
      options,
    );
    if (code !== 0) throw new Error(`${stdout.slice(-3000)}${stderr}`);
    figure(`build of ${name}`, (performance.now() - began) / 1000, "s");
  }

  const lines = (...all: string[]): string => `${all.join("\n")}\n`;
  const run = async (name: string, ...command: string[]): Promise<string> =>
    await docker.ok("run", "--rm", "--network", "none", name, ...command);

  it("Python of a distribution, by apt-get", async () => {
    await build("mission/apt", {
      Dockerfile: lines(
        "FROM ubuntu:20.04",
        "RUN apt-get update",
        "RUN apt-get install -y python3 python3-pip",
        "COPY app.py /app/",
        "WORKDIR /app",
        'CMD ["python3", "app.py"]',
      ),
      "app.py": "import pip; print('runs with pip', pip.__version__.split('.')[0])\n",
    });
    expect(await run("mission/apt")).toMatch(/^runs with pip \d+$/);
  });

  it("a Python application with requirements, and a compiler for them", async () => {
    await haveImage(docker, "python:3.11-slim");
    await pointAtWheels();
    await build(
      "mission/python",
      {
        Dockerfile: lines(
          "FROM python:3.11-slim",
          "RUN apt-get update && apt-get install -y gcc && rm -rf /var/lib/apt/lists/*",
          "COPY requirements.txt .",
          "RUN pip install -r requirements.txt",
          "COPY . /app",
          "WORKDIR /app",
          'CMD ["python", "app.py"]',
        ),
        "requirements.txt": "greeting==1.0\n",
        "app.py": "import greeting; print(greeting.text)\n",
      },
      "--network=host",
    );
    expect(await run("mission/python")).toBe("from a wheel");
    expect(await run("mission/python", "gcc", "--version")).toContain("gcc");
  });

  /** The index has another port each time: it is no part of the base. */
  async function pointAtWheels(): Promise<void> {
    const input = lines("FROM python:3.11-slim", `ENV PIP_INDEX_URL=${wheels.url} PIP_DISABLE_PIP_VERSION_CHECK=1`);
    const { code, stderr } = await docker.run(["build", "-t", "python:3.11-slim", "-"], { input, environment: { DOCKER_BUILDKIT: "0" } });
    expect(code, stderr).toBe(0);
  }

  it("a program of Go, built in one stage and alone in the next", async () => {
    await haveImage(docker, "golang:1.21-alpine");
    await build("mission/go", {
      Dockerfile: lines(
        "FROM golang:1.21-alpine AS builder",
        "WORKDIR /app",
        "COPY . .",
        "RUN go build -o main .",
        "FROM alpine:latest",
        "WORKDIR /app",
        "COPY --from=builder /app/main .",
        'CMD ["./main"]',
      ),
      "go.mod": "module example.com/main\n\ngo 1.19\n",
      "main.go": 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("from Go") }\n',
    });
    expect(await run("mission/go")).toBe("from Go");
    expect(await layersOf("mission/go")).toBe((await layersOf("alpine:latest")) + 2);
  });

  it("a program of C, linked statically, on nothing", async () => {
    await build("mission/c", {
      Dockerfile: lines(
        "FROM debian:bookworm-slim AS toolchain",
        "RUN apt-get update && apt-get install -y gcc libc6-dev",
        "COPY main.c .",
        "RUN gcc -static -Os -o /main main.c",
        "FROM scratch",
        "COPY --from=toolchain /main /main",
        'ENTRYPOINT ["/main"]',
      ),
      "main.c": '#include <stdio.h>\nint main(int n, char **v) { printf("from C with %d\\n", n - 1); }\n',
    });
    expect(await run("mission/c", "a", "b")).toBe("from C with 2");
    expect(await layersOf("mission/c")).toBe(1);
  });

  it("a user without rights", async () => {
    const root = context({
      Dockerfile: lines(
        "FROM alpine:latest",
        "RUN addgroup -g 1000 appuser && adduser -D -u 1000 -G appuser appuser",
        "COPY --chown=appuser:appuser app /app",
        "WORKDIR /app",
        "USER appuser",
        'CMD ["./app"]',
      ),
      "app/app": "#!/bin/sh\nid -un; stat -c %U:%G app\n",
    });
    chmodSync(join(root, "app/app"), 0o755);
    await build("mission/user", root);
    expect(await run("mission/user")).toBe("appuser\nappuser:appuser");
  });

  it("an application of Node, its packages by npm", async () => {
    await haveImage(docker, "node:20-slim");
    await trustWhatTheHostTrusts("node:20-slim");
    await build("mission/node", {
      Dockerfile: lines(
        "FROM node:20-slim",
        "WORKDIR /srv",
        "COPY package.json .",
        "RUN npm install --no-audit --no-fund",
        "COPY . .",
        'CMD ["node", "main.js"]',
      ),
      ".dockerignore": "node_modules\n",
      "package.json": JSON.stringify({ name: "app", version: "1.0.0", dependencies: { ms: "2.1.3" } }),
      "main.js": "console.log(require('ms')('2 days'))\n",
    });
    expect(await run("mission/node")).toBe("172800000");
  });

  /** A mirror of packages may have a certificate of the workplace's. */
  async function trustWhatTheHostTrusts(base: string): Promise<void> {
    const certificates = "/etc/ssl/certs/ca-certificates.crt";
    const lasting = "ENV NODE_EXTRA_CA_CERTS=/host-certificates.crt";
    const root = context({ Dockerfile: lines(`FROM ${base}`, "COPY host-certificates.crt /", lasting) });
    copyFileSync(certificates, join(root, "host-certificates.crt"));
    const { code, stderr } = await docker.run(["build", "-t", base, root], { environment: { DOCKER_BUILDKIT: "0" } });
    expect(code, stderr).toBe(0);
  }

  it("pages behind nginx, published", async () => {
    await haveImage(docker, "nginx:latest");
    await build("mission/nginx", {
      Dockerfile: lines("FROM nginx:latest", "COPY index.html /var/www/html/"),
      "index.html": "<p>from nginx</p>\n",
    });
    const id = await docker.ok("run", "-d", "--name", "web-server", "-p", "127.0.0.1::80", "mission/nginx");
    const address = (await docker.ok("port", "web-server", "80")).split("\n")[0] ?? "";
    await eventually(async () => expect(await (await fetch(`http://${address}/`)).text()).toBe("<p>from nginx</p>\n"));
    await eventually(async () => expect(await docker.ok("logs", "web-server")).toContain("GET / HTTP/1.1"));
    await docker.ok("stop", id);
    expect(await docker.ok("inspect", "-f", "{{.State.ExitCode}}", id)).toBe("0");
    await docker.ok("rm", id);
  });

  async function layersOf(name: string): Promise<number> {
    return Number(await docker.ok("inspect", "-f", "{{len .RootFS.Layers}}", name));
  }
});
