import { createHash } from "node:crypto";
import type { ProvenanceMode } from "#spec/attestations.ts";
import { imagePackageUrl } from "#spec/attestations.ts";
import type { Digest } from "#spec/digest.ts";
import { dhowVersion } from "#spec/identity.ts";
import { formatPlatform, hostPlatform, type Platform } from "#spec/platform.ts";
import { familiarName, parseImageName, withDefaultTag } from "#spec/reference.ts";
import type { BuildInput } from "../build-input.ts";
import type { BuildPlan, Operation, Step, StepRef } from "../plan/plan.ts";
import { withoutCredentials } from "../remote/redact.ts";
import type { StepResult } from "../execute/step-result.ts";

/** What is known of a build when it is done. */
export interface FinishedBuild {
  readonly input: Pick<
    BuildInput,
    "source" | "target" | "buildArgs" | "labels" | "secrets" | "noCache" | "pull" | "squash" | "cacheFrom" | "hostConfig" | "allow"
  >;
  readonly dockerfile: { readonly name: string; readonly bytes: Uint8Array };
  readonly platform: Platform;
  readonly plan: Pick<BuildPlan, "steps">;
  readonly results: ReadonlyMap<StepRef, StepResult>;
  /** The manifest that an image came by, where a registry gave it. */
  readonly manifestOf: (id: Digest) => Digest | undefined;
  readonly invocation: string;
  readonly started: Date;
  readonly finished: Date;
}

/** Documented in docs/reference/attestations.md. */
const BUILD_TYPE = "dhow:dockerfile/v1";

/**
 * SLSA provenance, version 1 (https://slsa.dev/spec/v1.0/provenance): of what an image was built, and how. Whoever gets the image reads it, so
 * nothing that may be secret is in it: of build arguments and secrets the names alone, in whichever mode, and of addresses no credentials.
 */
export function provenance(build: FinishedBuild, mode: ProvenanceMode): object {
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: externalParameters(build, mode),
      internalParameters: { builderPlatform: formatPlatform(hostPlatform()) },
      resolvedDependencies: dependenciesOf(build),
    },
    runDetails: {
      builder: { id: "dhow:engine", version: { dhow: dhowVersion } },
      metadata: {
        invocationId: build.invocation,
        startedOn: build.started.toISOString(),
        finishedOn: build.finished.toISOString(),
      },
      ...(mode === "max"
        ? { byproducts: [{ name: "steps", content: base64(JSON.stringify(stepsOf(build))), mediaType: "application/json" }] }
        : {}),
    },
  };
}

function externalParameters({ input, dockerfile, platform }: FinishedBuild, mode: ProvenanceMode): object {
  const { source, target, buildArgs, labels, secrets, noCache, pull, squash, cacheFrom, hostConfig, allow } = input;
  return {
    source: source.kind === "remote" ? { uri: withoutCredentials(source.url) } : { kind: "context sent by the client" },
    dockerfile: {
      path: dockerfile.name,
      digest: { sha256: sha256(dockerfile.bytes) },
      ...(mode === "max" ? { content: base64(withoutCredentials(Buffer.from(dockerfile.bytes).toString("utf8"))) } : {}),
    },
    ...(target === undefined ? {} : { target }),
    platform: formatPlatform(platform),
    buildArgNames: Object.keys(buildArgs).toSorted(),
    labelNames: Object.keys(labels).toSorted(),
    secretIds: [...secrets.keys()].toSorted(),
    network: hostConfig.NetworkMode ?? "default",
    allow,
    noCache,
    pull,
    squash,
    cacheFrom: cacheFrom.map((source) => (source.kind === "client" ? "a folder of the client" : withoutCredentials(source.reference))),
  };
}

/** Images, downloads and repositories that went into it. */
function dependenciesOf({ plan, results, manifestOf }: FinishedBuild): object[] {
  return plan.steps.flatMap((step, ref) => dependencyOf(step.operation, results.get(ref), manifestOf));
}

function dependencyOf(operation: Operation, result: StepResult | undefined, manifestOf: FinishedBuild["manifestOf"]): object[] {
  const known = result?.kind === "folder" ? result.digest : undefined;
  switch (operation.kind) {
    case "image": {
      const manifest = manifestOf(operation.id);
      const digest = { sha256: (manifest ?? operation.id).slice("sha256:".length) };
      // An image that no registry gave has no manifest: it is known by its id.
      const what = manifest === undefined ? "image id" : "manifest";
      return [{ uri: imageUrl(operation.reference, operation.platform), digest, annotations: { digestOf: what, imageId: operation.id } }];
    }
    case "http": {
      const [, sha] = /^sha256:([0-9a-f]{64})/.exec(known ?? "") ?? [];
      return [{ uri: withoutCredentials(operation.url), ...(sha === undefined ? {} : { digest: { sha256: sha } }) }];
    }
    case "git": {
      const [, commit] = /^\["([0-9a-f]{40,64})"/.exec(known ?? "") ?? [];
      const ref = operation.ref === undefined ? "" : `@${operation.ref}`;
      return [
        { uri: `git+${withoutCredentials(operation.remote)}${ref}`, ...(commit === undefined ? {} : { digest: { gitCommit: commit } }) },
      ];
    }
    case "scratch":
    case "context":
    case "workdir":
    case "copy":
    case "run":
      return [];
  }
}

function imageUrl(reference: string, platform: Platform): string {
  const name = parseImageName(reference);
  if (name.kind === "id") return imagePackageUrl(reference, undefined, platform);
  const tagged = withDefaultTag(name.reference);
  return imagePackageUrl(familiarName(tagged), tagged.digest ?? tagged.tag, platform);
}

/** What each step made: its words are in the Dockerfile. */
function stepsOf({ plan, results }: FinishedBuild): object[] {
  return plan.steps.map((step, ref) => stepOf(step, results.get(ref)));
}

/** Not its words, in which the values of arguments may be: those are in the Dockerfile as they were written. */
function stepOf({ operation, inputs, range }: Step, result: StepResult | undefined): object {
  const layer = result?.kind === "layers" ? result.layers.at(-1) : undefined;
  const made = layer === undefined ? {} : { topLayer: layer.diffId };
  return { kind: operation.kind, lines: [range.first, range.last], inputs, ...made };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function base64(content: string): string {
  return Buffer.from(content).toString("base64");
}
