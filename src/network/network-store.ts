import type { Database } from "#store/db/database.ts";
import type { Network } from "./network.ts";
import type { Sandbox } from "./sandbox.ts";

/** Networks and sandboxes as they survive the daemon. */
export class NetworkStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  networks(): Network[] {
    return this.#records<Network>("SELECT record FROM networks");
  }

  saveNetwork(network: Network): void {
    this.#database.transact((writer) =>
      writer.run(
        "INSERT INTO networks (id, name, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record",
        network.id,
        network.name,
        JSON.stringify(network),
      ),
    );
  }

  deleteNetwork(id: string): void {
    this.#database.record((writer) => writer.run("DELETE FROM networks WHERE id = ?", id));
  }

  sandboxes(): Sandbox[] {
    return this.#records<Sandbox>("SELECT record FROM network_sandboxes");
  }

  saveSandbox(sandbox: Sandbox): void {
    this.#database.transact((writer) =>
      writer.run(
        "INSERT INTO network_sandboxes (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record",
        sandbox.id,
        JSON.stringify(sandbox),
      ),
    );
  }

  deleteSandbox(id: string): void {
    this.#database.record((writer) => writer.run("DELETE FROM network_sandboxes WHERE id = ?", id));
  }

  #records<T>(sql: string): T[] {
    return this.#database.read((reader) => reader.all<{ record: string }>(sql)).map(({ record }) => JSON.parse(record) as T);
  }
}
