import type { Digest } from "#spec/digest.ts";
import type { ImageConfigFile, ImageRunConfig } from "#spec/oci-image/types.ts";
import type { Platform } from "#spec/platform.ts";
import type { CacheSharing, NetworkMode, SecurityMode } from "../instructions/instruction.ts";
import type { SourceRange } from "../parser/node.ts";

/**
 * A build, decided: which file trees have to be made out of which, and what the image says of itself. Nothing in it was executed.
 *
 * - A **step** makes one file tree. It is named by its digest: everything that its Dockerfile decides about it, and the digests of the
 *   steps that it reads. Two stages that do the same share the step. What a step reads *from outside* (the context's files, a URL, a
 *   branch of a git repository) is not in the digest: whoever executes adds the content's.
 * - A **stage** is a chain of steps from one FROM on. Only stages that the target needs are in the plan.
 * - A **line** is an instruction as the user sees it go by; many change the configuration only and have no step.
 */
export interface BuildPlan {
  /** Each after all that it reads. An index into this list is what `StepRef` means. */
  readonly steps: readonly Step[];
  /** Needed stages, each after all that it reads. */
  readonly stages: readonly PlannedStage[];
  /** The one whose result is the image: an element of `stages`. */
  readonly target: PlannedStage;
  readonly warnings: readonly BuildWarning[];
}

/** Index into `BuildPlan.steps`. */
export type StepRef = number;

export interface Step {
  /** Identity of the operation and of all that it reads but content from outside. */
  readonly digest: Digest;
  readonly operation: Operation;
  /** Every step that the operation names, each once. */
  readonly inputs: readonly StepRef[];
  /** Of the instruction that made it first; a context, an image or a download has the place of the first that reads it. */
  readonly range: SourceRange;
  /** One line for progress: `[builder 2/4] RUN make`, `[internal] context`. */
  readonly title: string;
}

export type Operation =
  | { readonly kind: "scratch" }
  | ImageOperation
  /** The files that the client sent (`.dockerignore` applied). Only what a copy or a bind asks for counts as its content. */
  | { readonly kind: "context" }
  | HttpOperation
  | GitOperation
  | WorkdirOperation
  | CopyOperation
  | RunOperation;

/** An image's whole tree. */
export interface ImageOperation {
  readonly kind: "image";
  /** As written, variables expanded. */
  readonly reference: string;
  /** What `resolveBase` answered. */
  readonly id: Digest;
  readonly platform: Platform;
}

/** One file, in the root of an otherwise empty tree. */
export interface HttpOperation {
  readonly kind: "http";
  readonly url: string;
  /** The URL's last path element; `__unnamed__` where there is none. Never holds a slash, nor is `.` or `..`. */
  readonly fileName: string;
  /** To be verified before anything is used. */
  readonly checksum: Digest | undefined;
}

/** A working tree. */
export interface GitOperation {
  readonly kind: "git";
  /** Without fragment. https, http, ssh, git or `user@host:path`; never starts with a dash. */
  readonly remote: string;
  /** Branch, tag or commit; undefined is the remote's HEAD. Never starts with a dash. */
  readonly ref: string | undefined;
  /** Folder of the repository that is the tree's root, relative, without `..`; undefined is all of it. */
  readonly subdirectory: string | undefined;
  readonly keepGitDir: boolean;
  /** A commit (or the beginning of one) that `ref` has to lead to. */
  readonly checksum: string | undefined;
  readonly submodules: boolean;
}

/** Makes a folder, and those above it, where they are missing; never follows a link out of the tree. */
export interface WorkdirOperation {
  readonly kind: "workdir";
  readonly root: StepRef;
  /** Absolute, without `.` and `..`. */
  readonly path: string;
  /** Owner of folders that are made, as `USER` gave it; undefined is root's. */
  readonly user: string | undefined;
}

/** COPY and ADD: the root, and some files more. */
export interface CopyOperation {
  readonly kind: "copy";
  readonly root: StepRef;
  readonly sources: readonly CopySource[];
  /** Absolute, without `.` and `..`, no slash at its end. */
  readonly destination: string;
  /** True where it was written with a slash at its end, or there are several sources. */
  readonly destinationIsFolder: boolean;
  /** `user[:group]`, names or numbers, to be looked up in the root's files; undefined: 0:0. */
  readonly chown: string | undefined;
  readonly chmod: Chmod | undefined;
  /** The layer does not depend on the root: links in it are not followed, and the layer can be kept when the root changes. */
  readonly link: boolean;
  /** COPY --parents: the source's folders are made below the destination, from its pivot (`/./`) on. */
  readonly parents: boolean;
  /** Patterns of `.dockerignore`'s kind, matched against paths below each source. */
  readonly exclude: readonly string[];
}

export type CopySource =
  | {
      readonly kind: "files";
      readonly from: StepRef;
      /** Relative to `from`'s root, without `..`; wildcards of Go's `filepath.Match`. With `parents` it may hold the pivot `/./`, and `**`. */
      readonly path: string;
      /** Archives at that path are unpacked (tar, also compressed) instead of copied. */
      readonly unpack: boolean;
    }
  | { readonly kind: "inline"; readonly name: string; readonly content: string };

/** `0755`, or `u=rwX,go=rX`: applied to files and folders alike. */
export type Chmod = { readonly form: "octal"; readonly mode: number } | { readonly form: "symbolic"; readonly text: string };

export interface RunOperation {
  readonly kind: "run";
  readonly root: StepRef;
  /** The words to execute, shell prefixed. */
  readonly argv: readonly string[];
  /** `NAME=value`: the image's variables and the build arguments in force. Part of the identity. */
  readonly env: readonly string[];
  /** Proxy variables: set while it runs, but no part of the identity and never in the image or its history. */
  readonly unkeyedEnv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** Empty is root. */
  readonly user: string;
  readonly mounts: readonly PlannedMount[];
  /** The build's own `--network` where the instruction says `default`. */
  readonly network: NetworkMode;
  readonly security: SecurityMode;
  readonly devices: readonly { readonly name: string; readonly required: boolean }[];
  /** Files for the time of the run, not in the layer: the scripts of here-documents with a shebang line. Absolute paths. */
  readonly scripts: readonly { readonly path: string; readonly content: string }[];
}

/** Targets are absolute. */
export type PlannedMount =
  | {
      readonly type: "bind";
      readonly target: string;
      readonly from: StepRef;
      /** Within `from`; absolute. */
      readonly source: string;
      readonly readOnly: boolean;
    }
  | {
      readonly type: "cache";
      readonly target: string;
      readonly id: string;
      readonly sharing: CacheSharing;
      /** What a new cache begins with; undefined: an empty folder. */
      readonly from: StepRef | undefined;
      readonly source: string;
      readonly readOnly: boolean;
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
    }
  | { readonly type: "tmpfs"; readonly target: string; readonly size: number | undefined }
  | {
      readonly type: "secret";
      readonly id: string;
      /** Undefined: no file. */
      readonly target: string | undefined;
      readonly env: string | undefined;
      readonly required: boolean;
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
    }
  | {
      readonly type: "ssh";
      readonly id: string;
      /** The socket's path; SSH_AUTH_SOCK names it. */
      readonly target: string;
      readonly required: boolean;
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
    };

export interface PlannedStage {
  /** Place among all FROM lines of the file, from 0. */
  readonly index: number;
  readonly name: string | undefined;
  readonly platform: Platform;
  readonly lines: readonly PlannedLine[];
  /** The stage's file tree when all is done. */
  readonly result: StepRef;
  readonly image: PlannedImage;
}

/** An instruction as it is shown: `Step 3/7 : RUN make`. ONBUILD triggers of the base come after its FROM. */
export interface PlannedLine {
  readonly text: string;
  readonly range: SourceRange;
  /** The tree after it. The same as the line before has, where it changes the configuration only. */
  readonly step: StepRef;
  /** What `docker build` prints below a FROM's or a trigger's line: `# Executing 2 build triggers`. */
  readonly note: string | undefined;
}

/** What the image will say of itself. `rootfs` and times are the executor's. */
export interface PlannedImage {
  readonly architecture: string;
  readonly os: string;
  readonly variant: string | undefined;
  readonly author: string | undefined;
  readonly config: ImageRunConfig;
  /** The base whose layers and history come first; undefined for scratch. */
  readonly base: BaseImage | undefined;
  /** The lines to append to the base's history, those of stages below this one included. */
  readonly history: readonly HistoryLine[];
}

export interface HistoryLine {
  /** BuildKit's words: `RUN /bin/sh -c make # buildkit`. */
  readonly createdBy: string;
  /** The step whose layer it is; undefined is `empty_layer`. */
  readonly step: StepRef | undefined;
  readonly comment: string;
}

/** A rule of BuildKit's checks that the file breaks. */
export interface BuildWarning {
  /** `StageNameCasing`. */
  readonly rule: string;
  /** What the rule says in general. */
  readonly description: string;
  readonly url: string | undefined;
  /** What is wrong here. */
  readonly detail: string;
  readonly range: SourceRange | undefined;
}

export interface BaseImage {
  /** The image's id: digest of its configuration. */
  readonly id: Digest;
  readonly config: ImageConfigFile;
}

/** What a plan needs to know of the world. */
export interface PlanPorts {
  /**
   * Finds an image, pulling it where the build's options ask for it or where it is missing. Called once for each reference and platform
   * that the target needs, and for no other.
   *
   * @throws EngineError of any category; the planner adds the line that named the image.
   */
  resolveBase(reference: string, platform: Platform): Promise<BaseImage>;
}

export interface PlanOptions {
  /** As the user named it: `Dockerfile`, `docker/Dockerfile.dev`; messages show it. */
  readonly fileName: string;
  readonly source: Uint8Array;
  /** A stage's name or number; undefined is the last. */
  readonly target: string | undefined;
  /** `--build-arg`; a value of null leaves the default of the file. */
  readonly buildArgs: Readonly<Record<string, string | null>>;
  /** `--label`, over those of the file, for the target's image. */
  readonly labels: Readonly<Record<string, string>>;
  /** What the image is for. */
  readonly targetPlatform: Platform;
  /** What the build runs on. */
  readonly buildPlatform: Platform;
  /** For `RUN --network=default`. */
  readonly network: NetworkMode;
  /** Patterns of `.dockerignore`, for the warning of a COPY that can find nothing. */
  readonly ignorePatterns: readonly string[];
}
