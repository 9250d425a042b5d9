import type { ExecProcess, TerminalSize } from "#runtime/contract.ts";
import type { ResolvedUser } from "#runtime/oci/spec-input.ts";

/** One more process in a container, from the request for it until some time after its end. Kept in memory: it ends with the daemon. */
export interface ExecSession {
  readonly id: string;
  readonly containerId: string;
  readonly config: ExecConfig;
  /** Looked up when it was asked for. */
  readonly user: ResolvedUser;
  /** What the terminal shall be; a resize may come before the start. */
  readonly size: TerminalSize | undefined;
  readonly state: ExecState;
}

export interface ExecConfig {
  readonly command: readonly string[];
  readonly env: readonly string[];
  /** Empty: the container's. */
  readonly user: string;
  readonly workingDir: string;
  readonly privileged: boolean;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: string;
}

type ExecState =
  | { readonly status: "created" }
  | { readonly status: "starting" }
  | { readonly status: "running"; readonly process: ExecProcess }
  /** `pid` is 0 when it never ran. */
  | { readonly status: "exited"; readonly exitCode: number; readonly pid: number; readonly at: number };
