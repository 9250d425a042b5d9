import { randomBytes } from "node:crypto";
import { EngineError } from "#errors/engine-error.ts";

/** Whether other hosts have the volume, too. */
export type VolumeScope = "local" | "global";

/** Data that outlives the containers it is mounted in: a folder of the data root, or what a driver keeps wherever it does. */
export interface Volume {
  readonly name: string;
  /** RFC 3339. */
  readonly created: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Who keeps it: `local`, or a plugin's name. */
  readonly driver: string;
  /** What its driver was told when it was made. */
  readonly options: Readonly<Record<string, string>>;
  /** Host path of its content; empty for a driver's volume that is mounted nowhere. */
  readonly mountpoint: string;
  readonly scope: VolumeScope;
  /** What its driver says of it. */
  readonly status?: Readonly<Record<string, unknown>> | undefined;
}

/** What is written down of a volume. */
export type VolumeRecord = Pick<Volume, "name" | "created" | "labels" | "driver" | "options">;

/** Docker's mark of a volume that nobody named. */
export const ANONYMOUS_LABEL = "com.docker.volume.anonymous";
/** The engine's own driver. */
export const DRIVER = "local";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** The name is a folder's. */
const LONGEST_NAME = 255;

export function isAnonymous({ labels }: Pick<Volume, "labels">): boolean {
  return Object.hasOwn(labels, ANONYMOUS_LABEL);
}

export function isLocal({ driver }: Pick<Volume, "driver">): boolean {
  return driver === DRIVER;
}

/** A folder that is there without anything being mounted: nearly every volume, and nothing is asked of anybody to use it. */
export function isPlain({ driver, options }: Pick<Volume, "driver" | "options">): boolean {
  return driver === DRIVER && options["type"] === undefined;
}

/** 64 hexadecimal digits, as Docker names what nobody names. */
export function newVolumeName(): string {
  return randomBytes(32).toString("hex");
}

/** A name is a folder's name: nothing in it may lead elsewhere. @throws EngineError `invalid` with Docker's texts. */
export function validateVolumeName(name: string): void {
  const refuse = (reason: string): EngineError => new EngineError("invalid", `create ${name.slice(0, LONGEST_NAME)}: ${reason}`);
  if (name.length === 1) throw refuse("volume name is too short, names should be at least two alphanumeric characters");
  if (name.length > LONGEST_NAME) throw refuse(`volume name is too long, the limit is ${LONGEST_NAME} characters`);
  if (!NAME.test(name)) {
    throw refuse(
      `${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. ` +
        "If you intended to pass a host directory, use absolute path",
    );
  }
}

/** As far as messages are concerned. */
export function shortName(name: string): string {
  return name.slice(0, LONGEST_NAME);
}
