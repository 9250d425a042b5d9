import type { Logger } from "#lib/logger.ts";
import type { Database } from "#store/db/database.ts";
import type { Network } from "./network.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";

/** Networks and sandboxes as they survive the daemon. */
export class NetworkStore {
  readonly #database: Database;
  readonly #logger: Logger;

  constructor({ database, logger }: { database: Database; logger: Logger }) {
    this.#database = database;
    this.#logger = logger;
  }

  networks(): Network[] {
    return this.#records<Network>("networks");
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
    return this.#records<Sandbox>("network_sandboxes");
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

  #records<T extends { readonly id: string }>(table: "networks" | "network_sandboxes"): T[] {
    const rows = this.#database.read((reader) => reader.all<{ id: string; record: string }>(`SELECT id, record FROM ${table}`));
    return rows.flatMap((row) => this.#parsed<T>(table, row));
  }

  /**
   * A record that was damaged is told of, text and all, and goes: neither a network nor a sandbox can be made out of half of one, and its
   * name would be in the way of a new one. What there is of it in the kernel is then nobody's, and is cleaned up as such.
   */
  #parsed<T extends { readonly id: string }>(table: string, { id, record }: { id: string; record: string }): T[] {
    try {
      const value = JSON.parse(record) as T;
      if (value.id === id) return [value];
    } catch {
      // As good as one that says something else.
    }
    this.#logger.error({ table, id, record }, "a record is damaged, and is removed: make the network again, or restart the container");
    this.#database.record((writer) => writer.run(`DELETE FROM ${table} WHERE id = ?`, id));
    return [];
  }
}
