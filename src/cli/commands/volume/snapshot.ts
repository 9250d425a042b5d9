import { list, text, toggle, type ValuesOf } from "../../arguments/flag.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { printable } from "../../format/printable.ts";
import { write } from "../../streams.ts";

const flags = {
  list: toggle("Show the snapshots of the volume, the oldest first", { short: "l" }),
  restore: text("Make a volume of this snapshot; --to names it", { value: "snapshot" }),
  to: text("Name of the volume that --restore makes", { value: "volume" }),
  remove: list("Remove a snapshot, and what no other one has of it", { value: "snapshot" }),
};

/** Takes a snapshot of a volume and prints its id; or lists, restores and removes them. */
export const volumeSnapshot = defineCommand({ flags, arguments: { usage: "VOLUME", least: 1, most: 1 }, interspersed: true, run });

async function run(
  { client, streams }: Cli,
  { list: shown, restore, to, remove }: ValuesOf<typeof flags>,
  [name = ""]: readonly string[],
): Promise<number> {
  const chosen = [shown, restore !== undefined, remove.length > 0].filter(Boolean);
  if (chosen.length > 1) throw new EngineError("invalid", "only one of --list, --restore and --remove can be asked for");
  if ((restore === undefined) !== (to === undefined)) throw new EngineError("invalid", "--restore and --to belong together");
  for (const line of await lines()) await write(streams.output, `${line}\n`);
  return 0;

  async function lines(): Promise<readonly string[]> {
    if (shown) return await listed(client, name);
    if (restore !== undefined) return [(await client.volumes.restore(name, { snapshot: restore, to: to ?? "" })).Name ?? ""];
    for (const snapshot of remove) await client.volumes.removeSnapshot(name, snapshot);
    return remove.length > 0 ? remove : [(await client.volumes.snapshot(name)).Id];
  }
}

async function listed({ volumes }: Cli["client"], name: string): Promise<string[]> {
  const rows = (await volumes.snapshots(name)).map(({ Id, CreatedAt, Size, AddedSize }) => [
    Id.slice(0, 12),
    CreatedAt,
    String(Size),
    String(AddedSize),
  ]);
  const table = [["SNAPSHOT", "CREATED", "BYTES", "ADDED"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => (row[column] ?? "").length)) + 3);
  return table.map((row) => printable(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("")).trimEnd());
}
