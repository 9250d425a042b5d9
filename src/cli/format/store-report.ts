import type { StoreFinding, StoreReport } from "#spec/store-report.ts";
import { printable } from "./printable.ts";

/** What a person is told of the store. @param cure what to run to have it mended; undefined when that was done. */
export function storeReportText({ Blobs, Layers, Findings }: StoreReport, cure: string | undefined): string {
  const looked = `Looked at ${Blobs} blobs and ${Layers} layers`;
  if (Findings.length === 0) return `${looked}: all is well.\n`;
  const lines = Findings.map(lineOf).join("");
  const left = unrepaired({ Findings });
  const end = cure === undefined ? `${Findings.length - left} repaired, ${left} not.` : `Run '${cure}' to mend what can be mended.`;
  return `${looked}: ${Findings.length} ${Findings.length === 1 ? "fault" : "faults"}.\n${lines}${end}\n`;
}

/** How many faults there still are. */
export function unrepaired({ Findings }: Pick<StoreReport, "Findings">): number {
  return Findings.filter(({ Outcome }) => Outcome !== "repaired").length;
}

function lineOf({ Kind, Subject, Detail, Outcome, Words }: StoreFinding): string {
  const outcome = { found: "", repaired: ` - repaired: ${Words}`, "not-repaired": ` - NOT repaired: ${Words}` }[Outcome];
  return printable(`${Kind} ${Subject.slice(0, "sha256:".length + 12)}: ${Detail}${outcome}`) + "\n";
}
