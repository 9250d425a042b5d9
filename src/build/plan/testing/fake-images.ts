import { createHash } from "node:crypto";
import { EngineError } from "#errors/engine-error.ts";
import { formatPlatform, parsePlatform, type Platform } from "#spec/platform.ts";
import type { BaseImage, PlanOptions, PlanPorts } from "../plan.ts";

/** What some bases say of themselves; any other name is an image with a PATH and a shell. */
const CONFIGS: Readonly<Record<string, BaseImage["config"]["config"]>> = {
  "onbuild:1": { Env: ["PATH=/bin", "BASE=yes"], OnBuild: ["COPY . /app", "RUN make $BASE"], WorkingDir: "/app", User: "app" },
  "onbuild:stage": { Env: ["PATH=/bin"], OnBuild: ["COPY --from=builder /out /in"] },
  "onbuild:bad": { Env: ["PATH=/bin"], OnBuild: ["FROM scratch"] },
  "bare:1": {},
};

/** Bases without a registry: each name has an id of its own, `missing…` is not found. */
export function fakeImages(): PlanPorts & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    resolveBase(reference, platform) {
      asked.push(`${reference} ${formatPlatform(platform)}`);
      return Promise.resolve(fakeImage(reference, platform));
    },
  };
}

function fakeImage(reference: string, platform: Platform): BaseImage {
  if (reference.startsWith("missing")) throw new EngineError("not-found", `pull access denied for ${reference}`);
  const config = CONFIGS[reference] ?? { Env: ["PATH=/usr/bin:/bin"], Cmd: ["sh"] };
  const id = createHash("sha256")
    .update(`${reference} ${formatPlatform(platform)}`)
    .digest("hex");
  const { os, architecture } = platform;
  return { id: `sha256:${id}`, config: { os, architecture, config, rootfs: { type: "layers", diff_ids: [`sha256:${id}`] } } };
}

export function planOptions(source: string | Uint8Array, options: Partial<PlanOptions> = {}): PlanOptions {
  return {
    fileName: "Dockerfile",
    source: typeof source === "string" ? Buffer.from(source) : source,
    target: undefined,
    buildArgs: {},
    labels: {},
    targetPlatform: parsePlatform("linux/amd64"),
    buildPlatform: parsePlatform("linux/amd64"),
    network: "default",
    ignorePatterns: [],
    ...options,
  };
}
