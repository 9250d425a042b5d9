import type { SnapshotPlace } from "#client/volumes.ts";
import { parseReference } from "#spec/reference.ts";
import type { VolumeSnapshot } from "#spec/volume-snapshot.ts";
import { list, text, toggle, type ValuesOf } from "../../arguments/flag.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { registryAuth } from "../../connection/credentials.ts";
import { printable } from "../../format/printable.ts";
import { write } from "../../streams.ts";

const flags = {
  list: toggle("Show the snapshots of the volume, the oldest first", { short: "l" }),
  restore: text("Make a volume of this snapshot; --to names it", { value: "snapshot" }),
  to: text("Name of the volume that --restore makes", { value: "volume" }),
  remove: list("Remove a snapshot, and what no other one has of it", { value: "snapshot" }),
  repository: text("Use snapshots of this registry's repository, not the engine's own", { short: "r", value: "name" }),
};

/** Takes a snapshot of a volume and prints its id; or lists, restores and removes them. */
export const volumeSnapshot = defineCommand({ flags, arguments: { usage: "VOLUME", least: 1, most: 1 }, interspersed: true, run });

async function run(cli: Cli, flagged: ValuesOf<typeof flags>, [name = ""]: readonly string[]): Promise<number> {
  const { list: shown, restore, to, remove } = flagged;
  const chosen = [shown, restore !== undefined, remove.length > 0].filter(Boolean);
  if (chosen.length > 1) throw new EngineError("invalid", "only one of --list, --restore and --remove can be asked for");
  if ((restore === undefined) !== (to === undefined)) throw new EngineError("invalid", "--restore and --to belong together");
  for (const line of await lines(cli, flagged, name)) await write(cli.streams.output, `${line}\n`);
  return 0;
}

async function lines(
  cli: Cli,
  { list: shown, restore, to, remove, repository }: ValuesOf<typeof flags>,
  name: string,
): Promise<readonly string[]> {
  const { volumes } = cli.client;
  const place = await placeOf(cli, repository);
  if (shown) return listed(await volumes.snapshots(name, place));
  if (restore !== undefined) return [(await volumes.restore(name, { snapshot: restore, to: to ?? "" }, place)).Name ?? ""];
  for (const snapshot of remove) await volumes.removeSnapshot(name, snapshot, place);
  return remove.length > 0 ? remove : [(await volumes.snapshot(name, place)).Id];
}

/** With the credentials of `dhow login`. */
async function placeOf({ config }: Cli, repository: string | undefined): Promise<SnapshotPlace | undefined> {
  if (repository === undefined) return undefined;
  return { repository, auth: await registryAuth(config, parseReference(repository).domain) };
}

function listed(snapshots: readonly VolumeSnapshot[]): string[] {
  const rows = snapshots.map(({ Id, CreatedAt, Size, AddedSize }) => [Id.slice(0, 12), CreatedAt, String(Size), String(AddedSize)]);
  const table = [["SNAPSHOT", "CREATED", "BYTES", "ADDED"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => (row[column] ?? "").length)) + 3);
  return table.map((row) => printable(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("")).trimEnd());
}
