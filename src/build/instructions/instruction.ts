import type { Heredoc, SourceRange } from "../parser/node.ts";

/**
 * The instructions of a Dockerfile, typed: flags checked, forms told apart, and no variable expanded yet, since what a variable holds
 * depends on the stage and on what comes before (src/build/plan does that).
 */
export type Instruction = StageInstruction | FromInstruction;

export type StageInstruction =
  | AddInstruction
  | ArgInstruction
  | CmdInstruction
  | CopyInstruction
  | EntrypointInstruction
  | EnvInstruction
  | ExposeInstruction
  | HealthcheckInstruction
  | LabelInstruction
  | MaintainerInstruction
  | OnbuildInstruction
  | RunInstruction
  | ShellInstruction
  | StopsignalInstruction
  | UserInstruction
  | VolumeInstruction
  | WorkdirInstruction;

interface Written {
  /** The instruction's word as written. */
  readonly keyword: string;
  readonly range: SourceRange;
  /** The comment lines right above it. */
  readonly comments: readonly string[];
  /** The logical line as written: messages and history show it. */
  readonly original: string;
}

export interface FromInstruction extends Written {
  readonly kind: "from";
  /** An image, a stage above it, or `scratch`; variables of the global scope not expanded. */
  readonly image: string;
  readonly platform: string | undefined;
  /** As written; two stages are the same when they are so in lower case. */
  readonly name: string | undefined;
  /** The keyword between image and name, as written: `AS`. */
  readonly asKeyword: string | undefined;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** `ENV key value`, the old form without an equals sign. */
  readonly isLegacy: boolean;
}

export interface ArgInstruction extends Written {
  readonly kind: "arg";
  readonly args: readonly { readonly name: string; readonly value: string | undefined }[];
}

export interface EnvInstruction extends Written {
  readonly kind: "env";
  readonly pairs: readonly KeyValue[];
}

export interface LabelInstruction extends Written {
  readonly kind: "label";
  readonly pairs: readonly KeyValue[];
}

/** The exec form is a list of words that are taken as they are; the shell form is one text for the stage's SHELL. */
export type Command = { readonly form: "exec"; readonly words: readonly string[] } | { readonly form: "shell"; readonly text: string };

export interface CmdInstruction extends Written {
  readonly kind: "cmd";
  readonly command: Command;
}

export interface EntrypointInstruction extends Written {
  readonly kind: "entrypoint";
  readonly command: Command;
}

export interface ShellInstruction extends Written {
  readonly kind: "shell";
  readonly words: readonly string[];
}

export type NetworkMode = "default" | "none" | "host";
export type SecurityMode = "sandbox" | "insecure";

export interface RunInstruction extends Written {
  readonly kind: "run";
  readonly command: Command;
  readonly heredocs: readonly Heredoc[];
  /** In the order they were written; `readMount` makes a `RunMount` of each once variables are known. */
  readonly mounts: readonly MountWords[];
  readonly network: NetworkMode;
  readonly security: SecurityMode;
  readonly devices: readonly RunDevice[];
}

export interface RunDevice {
  readonly name: string;
  readonly required: boolean;
}

/** The fields of a `--mount=`, each `key=value` or a bare `key`; every value but that of `from` may hold variables. */
export type MountWords = readonly { readonly key: string; readonly value: string | undefined }[];

/** A mount with all variables expanded. */
export type RunMount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount;

export interface BindMount {
  readonly type: "bind";
  readonly target: string;
  /** A stage, its number, or an image; undefined is the context. */
  readonly from: string | undefined;
  readonly source: string | undefined;
  /** False with `rw`: what RUN writes there is thrown away. */
  readonly readOnly: boolean;
}

export type CacheSharing = "shared" | "private" | "locked";

export interface CacheMount {
  readonly type: "cache";
  readonly target: string;
  /** The target's path where none is given. */
  readonly id: string | undefined;
  readonly sharing: CacheSharing;
  readonly from: string | undefined;
  readonly source: string | undefined;
  readonly readOnly: boolean;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly mode: number | undefined;
}

export interface TmpfsMount {
  readonly type: "tmpfs";
  readonly target: string;
  /** Bytes. */
  readonly size: number | undefined;
}

export interface SecretMount {
  readonly type: "secret";
  readonly id: string;
  /** Undefined where the secret is an environment variable only. */
  readonly target: string | undefined;
  /** Name of the environment variable. */
  readonly env: string | undefined;
  readonly required: boolean;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly mode: number | undefined;
}

export interface SshMount {
  readonly type: "ssh";
  /** `default` where none is given. */
  readonly id: string;
  readonly target: string | undefined;
  readonly required: boolean;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly mode: number | undefined;
}

/** What COPY and ADD have in common. Variables are not expanded. */
export interface FileTransfer extends Written {
  readonly kind: "add" | "copy";
  /** Paths, wildcards (ADD: also URLs) in the order they were written. */
  readonly sources: readonly string[];
  /** Here-documents among the sources: files of that name. */
  readonly files: readonly Heredoc[];
  readonly destination: string;
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
  readonly link: boolean;
  readonly exclude: readonly string[];
}

export interface CopyInstruction extends FileTransfer {
  readonly kind: "copy";
  /** A stage, its number, or an image; undefined is the context. */
  readonly from: string | undefined;
  readonly parents: boolean;
}

export interface AddInstruction extends FileTransfer {
  readonly kind: "add";
  readonly checksum: string | undefined;
  readonly keepGitDir: boolean | undefined;
  /** Undefined: local archives are unpacked, downloaded ones are not. */
  readonly unpack: boolean | undefined;
}

export interface ExposeInstruction extends Written {
  readonly kind: "expose";
  readonly ports: readonly string[];
}

/** Durations in nanoseconds; undefined is the base's or the engine's default. */
export interface HealthcheckInstruction extends Written {
  readonly kind: "healthcheck";
  readonly test: { readonly form: "none" } | Command;
  readonly interval: number | undefined;
  readonly timeout: number | undefined;
  readonly startPeriod: number | undefined;
  readonly startInterval: number | undefined;
  readonly retries: number | undefined;
}

export interface MaintainerInstruction extends Written {
  readonly kind: "maintainer";
  readonly name: string;
}

export interface OnbuildInstruction extends Written {
  readonly kind: "onbuild";
  /** The trigger as it goes into the image; checked to be an instruction when the image is used. */
  readonly trigger: string;
}

export interface StopsignalInstruction extends Written {
  readonly kind: "stopsignal";
  readonly signal: string;
}

export interface UserInstruction extends Written {
  readonly kind: "user";
  readonly user: string;
}

export interface VolumeInstruction extends Written {
  readonly kind: "volume";
  readonly paths: readonly string[];
}

export interface WorkdirInstruction extends Written {
  readonly kind: "workdir";
  readonly path: string;
}
