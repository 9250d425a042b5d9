import { EngineError, isEngineError, messageOf } from "#errors/engine-error.ts";
import { KeyedMutex } from "#lib/keyed-mutex.ts";
import { findPlugin, type PluginFolders, pluginNames } from "./discover.ts";
import { PluginClient, type PluginPatience } from "./plugin-client.ts";
import { PluginDriver } from "./plugin-driver.ts";

const VOLUME_DRIVER = "VolumeDriver";

interface Known {
  readonly driver: PluginDriver;
  /** A plugin that comes back elsewhere is another one. */
  readonly address: string;
}

/** The volume plugins of the host: found when they are asked for, and spoken to from then on. */
export class Plugins implements Disposable {
  readonly #folders: PluginFolders;
  readonly #patience: PluginPatience;
  readonly #known = new Map<string, Known>();
  readonly #locks = new KeyedMutex();

  constructor(folders: PluginFolders, patience: PluginPatience) {
    this.#folders = folders;
    this.#patience = patience;
  }

  /** What might be asked; some may be plugins of another kind. */
  names(): Promise<string[]> {
    return pluginNames(this.#folders);
  }

  /** Those that were asked, and keep volumes. */
  known(): string[] {
    return [...this.#known.keys()].toSorted();
  }

  /** @throws EngineError `not-found` with Docker's words for a plugin that is none, `unavailable` for one that cannot be asked. */
  async driver(name: string): Promise<PluginDriver> {
    return await this.#locks.run(name, async () => {
      const found = await this.#find(name);
      const address = JSON.stringify(found.address);
      const known = this.#known.get(name);
      if (known?.address === address) return known.driver;
      known?.driver[Symbol.dispose]();
      this.#known.delete(name);
      const client = await PluginClient.open(found, this.#patience);
      await this.#activate(client);
      const driver = new PluginDriver(client);
      this.#known.set(name, { driver, address });
      return driver;
    });
  }

  /** Every one that answers, and what is wrong with the others. */
  async all(): Promise<{ readonly drivers: readonly PluginDriver[]; readonly problems: readonly string[] }> {
    const problems: string[] = [];
    const drivers = await Promise.all(
      (await this.names()).map(async (name) => {
        try {
          return [await this.driver(name)];
        } catch (error) {
          // One that is found and keeps no volumes is no problem of theirs.
          if (!isEngineError(error, "not-found")) problems.push(messageOf(error));
          return [];
        }
      }),
    );
    return { drivers: drivers.flat(), problems };
  }

  [Symbol.dispose](): void {
    for (const { driver } of this.#known.values()) driver[Symbol.dispose]();
    this.#known.clear();
  }

  async #find(name: string): Promise<NonNullable<Awaited<ReturnType<typeof findPlugin>>>> {
    let found: Awaited<ReturnType<typeof findPlugin>>;
    try {
      found = await findPlugin(name, this.#folders);
    } catch (cause) {
      throw new EngineError("unavailable", `volume plugin "${name}" is not described as it should be: ${messageOf(cause)}`, { cause });
    }
    if (found === undefined) throw notFound(name);
    return found;
  }

  async #activate(client: PluginClient): Promise<void> {
    try {
      if (!(await client.activate()).includes(VOLUME_DRIVER)) throw notFound(client.name);
    } catch (error) {
      client[Symbol.dispose]();
      throw error;
    }
  }
}

function notFound(name: string): EngineError {
  return new EngineError("not-found", `plugin ${JSON.stringify(name.slice(0, 128))} not found`);
}
