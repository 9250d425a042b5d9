import { randomBytes } from "node:crypto";
import { EngineError } from "#errors/engine-error.ts";

/** A folder of the data root that outlives the containers it is mounted in. */
export interface Volume {
  readonly name: string;
  /** RFC 3339. */
  readonly created: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Host path of its content. */
  readonly mountpoint: string;
}

/** Docker's mark of a volume that nobody named. */
export const ANONYMOUS_LABEL = "com.docker.volume.anonymous";
/** The only driver. */
export const DRIVER = "local";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** The name is a folder's. */
const LONGEST_NAME = 255;

export function isAnonymous({ labels }: Pick<Volume, "labels">): boolean {
  return Object.hasOwn(labels, ANONYMOUS_LABEL);
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

/** @throws EngineError `not-found` with dockerd's text. */
export function validateDriver(driver: string, volume: string): void {
  if (driver === "" || driver === DRIVER) return;
  throw new EngineError("not-found", `create ${volume}: error looking up volume plugin ${driver}: plugin "${driver}" not found`);
}

/** The local driver's mounts of devices and network file systems are not there yet. @throws EngineError `invalid` naming the option. */
export function validateDriverOptions(options: Readonly<Record<string, string>>, volume: string): void {
  const [name] = Object.keys(options);
  if (name !== undefined)
    throw new EngineError("invalid", `create ${volume}: the driver option "${name}" of local volumes is not supported`);
}
