import { EngineError } from "#errors/engine-error.ts";
import { predicateTypes } from "#spec/attestations.ts";
import type { AttestationStatement } from "#spec/docker-api/types.ts";
import { invalid, type Flag, type ValuesOf } from "../../arguments/flag.ts";
import { listFormat } from "../../arguments/format-flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import type { ListFormat } from "../../format/list.ts";
import { printList } from "../../format/print-list.ts";
import { decimalSize } from "../../format/units.ts";
import { write } from "../../streams.ts";

type Kind = keyof typeof predicateTypes;

const kind: Flag<Kind | undefined> = {
  value: "string",
  help: "Print one in full: 'sbom' or 'provenance'",
  initial: undefined,
  read: (given) => (given === "sbom" || given === "provenance" ? given : invalid("want sbom or provenance")),
};

const flags = { format: listFormat, print: kind };

/** What was said of an image when it was built: a list, or one of it as JSON. */
export const imageAttestations = defineCommand({
  flags,
  arguments: { usage: "IMAGE", least: 1, most: 1 },
  interspersed: true,
  run,
});

async function run({ client, streams }: Cli, values: ValuesOf<typeof flags>, [name = ""]: readonly string[]): Promise<number> {
  if (values.print !== undefined) {
    const [found] = await client.images.attestations(name, { types: [predicateTypes[values.print]], statement: true });
    if (found?.Statement === undefined)
      throw new EngineError("not-found", `${name} has no ${values.print}: build it with --${values.print}`);
    await write(streams.output, `${JSON.stringify(found.Statement["predicate"], undefined, 2)}\n`);
    return 0;
  }
  const found = await client.images.attestations(name);
  return printList(streams, { format: values.format, quiet: false }, attestationList, found);
}

const attestationList: ListFormat<AttestationStatement> = {
  columns: [
    { name: "Kind", title: "KIND", show: (one) => kindOf(one) },
    { name: "PredicateType", title: "PREDICATE TYPE", show: ({ PredicateType = "" }) => PredicateType },
    { name: "Digest", title: "DIGEST", show: ({ Descriptor }) => Descriptor?.digest ?? "" },
    { name: "Size", title: "SIZE", show: ({ Descriptor }) => decimalSize(Descriptor?.size ?? 0) },
  ],
  shown: ["Kind", "PredicateType", "Digest", "Size"],
};

function kindOf({ PredicateType }: AttestationStatement): string {
  return Object.entries(predicateTypes).find(([, type]) => type === PredicateType)?.[0] ?? "";
}
