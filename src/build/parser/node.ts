/** Lines of a Dockerfile, both counted from 1 and both included. */
export interface SourceRange {
  readonly first: number;
  readonly last: number;
}

/** `<<EOF` and what follows it until the line `EOF`. */
export interface Heredoc {
  readonly name: string;
  /** The number before `<<`; 0 where there is none. */
  readonly fileDescriptor: number;
  /** False where part of the name was quoted: variables in the content stay as they are. */
  readonly expand: boolean;
  /** True of `<<-`: tabs at the start of each line are no content. */
  readonly chomp: boolean;
  /** With the line end of its last line; tabs still in it, also when `chomp` is set. */
  readonly content: string;
}

/** One instruction as it was written, its words told apart and nothing in them understood yet. */
export interface DockerfileNode {
  /** The instruction's word as written. */
  readonly keyword: string;
  /** `--name=value` words between the keyword and the arguments, quotes taken away. */
  readonly flags: readonly string[];
  /** All behind the flags, continuation lines joined, comments in between left out, white space trimmed. */
  readonly rest: string;
  /** The whole logical line, for messages and history. */
  readonly original: string;
  readonly heredocs: readonly Heredoc[];
  /** The comment lines right above it, without `#`. */
  readonly comments: readonly string[];
  readonly range: SourceRange;
}

/** What `# check=` asks for. */
export interface CheckDirective {
  readonly skipAll: boolean;
  /** Names of rules, in lower case. */
  readonly skip: ReadonlySet<string>;
  /** Rules that are off by default. */
  readonly experimentalAll: boolean;
  readonly experimental: ReadonlySet<string>;
  /** A warning fails the build. */
  readonly error: boolean;
}

export interface ParsedDockerfile {
  readonly nodes: readonly DockerfileNode[];
  readonly escape: "\\" | "`";
  /** The frontend image that `# syntax=` names: recorded, never fetched and never run. */
  readonly syntax: string | undefined;
  readonly check: CheckDirective;
  /** Instructions with an empty line within their continuation lines: a warning, since such lines will be refused one day. */
  readonly emptyContinuations: readonly SourceRange[];
}
