import { printable } from "../format/printable.ts";
import type { GraphContainer, GraphNetwork, NetworkGraph } from "./network-graph.ts";

/** A tree a network: whoever is on several is in several. */
export function graphText(graph: NetworkGraph): string {
  return graph.networks.map((network) => `${networkLines(graph, network).map(printable).join("\n")}\n`).join("\n");
}

function networkLines(graph: NetworkGraph, network: GraphNetwork): string[] {
  const on = graph.links.filter((link) => link.network === network.name);
  const rows = graph.containers.flatMap((container) => {
    const link = on.find((one) => one.container === container.name);
    return link === undefined ? [] : [[container.name, link.addresses.join(", "), detailsOf(graph, network, container)]];
  });
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row, index) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
    return `${index === rows.length - 1 ? "└─" : "├─"} ${cells}`.trimEnd();
  });
  return [headOf(network), ...lines];
}

function headOf({ name, driver, internal, subnets }: GraphNetwork): string {
  return `${name} (${driver}${internal ? ", internal" : ""})${subnets.length === 0 ? "" : `  ${subnets.join(", ")}`}`;
}

function detailsOf(graph: NetworkGraph, network: GraphNetwork, { name, ports }: GraphContainer): string {
  const others = graph.links.filter((link) => link.container === name && link.network !== network.name).map((link) => link.network);
  return [ports.join(", "), others.length === 0 ? "" : `(also on ${others.join(", ")})`].filter(Boolean).join("  ");
}
