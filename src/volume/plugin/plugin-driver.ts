import { realpath } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { DriverVolume, FoundVolume, VolumeDriver } from "../driver/contract.ts";
import { shortName, type Volume, type VolumeScope } from "../volume.ts";
import type { PluginClient } from "./plugin-client.ts";

/** Where no plugin has anything to mount: what a container saw there would be the host's own. */
const HOSTS_OWN = ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/sbin", "/sys", "/usr"];
const NOT_AS_A_WHOLE = ["/", "/home", "/mnt", "/opt", "/run", "/srv", "/tmp", "/var", "/var/lib", "/var/run"];
/** As long as any path, and any name. */
const LONGEST_PATH = 4095;
const MOST_VOLUMES = 100_000;

/** A driver in another process, over Docker's volume-plugin protocol. */
export class PluginDriver implements VolumeDriver, Disposable {
  readonly name: string;
  readonly #client: PluginClient;
  #scope: Promise<VolumeScope> | undefined;

  constructor(client: PluginClient) {
    this.name = client.name;
    this.#client = client;
  }

  /** It alone knows its options. */
  check(): void {}

  scope(): Promise<VolumeScope> {
    this.#scope ??= this.#askScope().catch((error: unknown) => {
      this.#scope = undefined;
      throw error;
    });
    return this.#scope;
  }

  async create(name: string, options: DriverVolume["options"]): Promise<void> {
    await this.#work("Create", name, { Name: name, Opts: options });
  }

  async remove(name: string): Promise<undefined> {
    try {
      await this.#work("Remove", name, { Name: name });
    } catch (error) {
      // It may have been removed on the plugin's side, or by another host: then it is gone, as was asked for.
      if (isEngineError(error, "unavailable") || (await this.#has(name))) throw error;
    }
  }

  async mount({ name }: DriverVolume, holder: string): Promise<string> {
    const { Mountpoint } = await this.#work("Mount", name, { Name: name, ID: holder });
    try {
      return await this.#checkedMountpoint(name, Mountpoint);
    } catch (error) {
      await this.unmount({ name, options: {} }, holder).catch(() => {});
      throw error;
    }
  }

  async unmount({ name }: DriverVolume, holder: string): Promise<void> {
    await this.#work("Unmount", name, { Name: name, ID: holder });
  }

  async find(name: string): Promise<FoundVolume | undefined> {
    try {
      const { Volume: found } = await this.#client.call("Get", { Name: name }, "ask");
      return found === undefined || found === null ? undefined : foundVolume(found, name);
    } catch (error) {
      // The protocol has no other way to say that there is none, and the same one to say that the disk is gone.
      if (!isEngineError(error) || error.code !== "plugin-said-no" || (await this.#lists(name))) throw error;
      return undefined;
    }
  }

  async list(): Promise<readonly FoundVolume[]> {
    const { Volumes } = await this.#client.call("List", {}, "ask");
    if (!Array.isArray(Volumes)) return [];
    return Volumes.slice(0, MOST_VOLUMES).flatMap((volume: unknown) => foundVolume(volume) ?? []);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  async #has(name: string): Promise<boolean> {
    const found = await this.find(name).catch(() => name);
    return found !== undefined;
  }

  /** Also when it cannot say what it has: a volume is taken to be gone only when its driver is well. */
  async #lists(name: string): Promise<boolean> {
    try {
      return (await this.list()).some((volume) => volume.name === name);
    } catch (error) {
      if (isEngineError(error)) return true;
      throw error;
    }
  }

  /** A plugin that never heard of capabilities has volumes of this host. */
  async #askScope(): Promise<VolumeScope> {
    try {
      const { Capabilities } = await this.#client.call("Capabilities", {}, "ask");
      return (Capabilities as { Scope?: unknown } | undefined)?.Scope === "global" ? "global" : "local";
    } catch (error) {
      if (isEngineError(error) && error.code === "plugin-said-no") return "local";
      throw error;
    }
  }

  async #work(method: string, name: string, body: object): Promise<Record<string, unknown>> {
    try {
      return await this.#client.call(method, body, "work");
    } catch (cause) {
      if (!isEngineError(cause)) throw cause;
      throw new EngineError(cause.category, `${method.toLowerCase()} ${shortName(name)}: ${cause.message}`, {
        cause,
        code: cause.code ?? "",
      });
    }
  }

  /** As it is said, and as it is once links are followed. */
  async #checkedMountpoint(name: string, given: unknown): Promise<string> {
    const refuse = (reason: string): EngineError =>
      new EngineError("unavailable", `volume plugin "${this.name}" gave no usable mount point for ${shortName(name)}: ${reason}`);
    if (typeof given !== "string" || given === "") throw refuse("it is empty");
    const shown = JSON.stringify(given.slice(0, 200));
    if (given.length > LONGEST_PATH || given.includes("\0") || !isAbsolute(given)) throw refuse(`${shown} is no absolute path`);
    const real = await realpath(given).catch(() => undefined);
    if (real === undefined) throw refuse(`${shown} does not exist`);
    if (isHostsOwn(resolve(given)) || isHostsOwn(real)) throw refuse(`${shown} is the host's own`);
    return real;
  }
}

function isHostsOwn(path: string): boolean {
  return NOT_AS_A_WHOLE.includes(path) || HOSTS_OWN.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

function foundVolume(given: unknown, asked?: string): FoundVolume | undefined {
  const { Name, Mountpoint, CreatedAt, Status } = (given ?? {}) as Record<string, unknown>;
  const name = typeof Name === "string" && Name !== "" ? Name : asked;
  if (name === undefined || name.length > 255) return undefined;
  return {
    name,
    mountpoint: typeof Mountpoint === "string" ? Mountpoint.slice(0, LONGEST_PATH) : "",
    created: typeof CreatedAt === "string" && !Number.isNaN(Date.parse(CreatedAt)) ? CreatedAt : undefined,
    status: statusOf(Status),
  };
}

function statusOf(given: unknown): Volume["status"] {
  return typeof given === "object" && given !== null && !Array.isArray(given) ? (given as Record<string, unknown>) : undefined;
}
