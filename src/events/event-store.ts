import type { Database } from "#store/db/database.ts";
import type { EngineEvent } from "./contract.ts";

const COLUMNS = "CAST(time_nano AS TEXT) AS time, type, action, actor, attributes";

/** The journal's table: the newest events, up to a number. */
export class EventStore {
  readonly #database: Database;
  readonly #most: number;

  constructor(deps: { database: Database }, options: { most: number }) {
    this.#database = deps.database;
    this.#most = options.most;
  }

  /** The time of the newest event; 0 when there is none. */
  newest(): bigint {
    const row = this.#database.read((reader) =>
      reader.get<{ time: string | null }>("SELECT CAST(MAX(time_nano) AS TEXT) AS time FROM event"),
    );
    return BigInt(row?.time ?? 0);
  }

  /** Adds events, all or none, and forgets the oldest beyond the limit. */
  append(events: readonly EngineEvent[]): void {
    this.#database.transact((writer) => {
      for (const event of events) {
        writer.run(
          "INSERT INTO event (time_nano, type, action, actor, attributes) VALUES (?, ?, ?, ?, ?)",
          event.timeNano,
          event.type,
          event.action,
          event.id,
          JSON.stringify(event.attributes),
        );
      }
      writer.run("DELETE FROM event WHERE time_nano <= (SELECT time_nano FROM event ORDER BY time_nano DESC LIMIT 1 OFFSET ?)", this.#most);
    });
  }

  /** The first `count` events later than `after` and not later than `last`, in order. */
  page(after: bigint, last: bigint, count: number): EngineEvent[] {
    const rows = this.#database.read((reader) =>
      reader.all<EventRow>(
        `SELECT ${COLUMNS} FROM event WHERE time_nano > ? AND time_nano <= ? ORDER BY time_nano LIMIT ?`,
        after,
        last,
        count,
      ),
    );
    return rows.map(toEvent);
  }
}

interface EventRow {
  readonly time: string;
  readonly type: EngineEvent["type"];
  readonly action: string;
  readonly actor: string;
  readonly attributes: string;
}

function toEvent(row: EventRow): EngineEvent {
  return {
    type: row.type,
    action: row.action,
    id: row.actor,
    attributes: attributesOf(row.attributes),
    timeNano: BigInt(row.time),
  };
}

/** That it happened is still known of an event whose details were damaged. */
function attributesOf(text: string): Record<string, string> {
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    return {};
  }
}
