import type { GraphContainer, GraphNetwork, NetworkGraph } from "./network-graph.ts";

const LINE = 18;
const PADDING = 12;
const GAP = 20;
const WIDTH = { box: 340, between: 280 };
const RIGHT = PADDING + WIDTH.box + WIDTH.between;

/** A box, with the middle of its edge where lines begin. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly height: number;
  readonly lines: readonly string[];
  readonly kind: "network" | "container";
}

/** Networks to the left, containers to the right, a line with addresses between the two. Needs nothing from outside. */
export function graphSvg(graph: NetworkGraph): string {
  const networks = stacked(graph.networks, PADDING, "network", networkText);
  const containers = stacked(graph.containers, RIGHT, "container", containerText);
  const boxes = [...networks.values(), ...containers.values()];
  const height = Math.max(0, ...boxes.map((box) => box.y + box.height)) + PADDING;
  const lines = graph.links.flatMap(({ network, container, addresses }) => {
    const [from, to] = [networks.get(network), containers.get(container)];
    return from === undefined || to === undefined ? [] : [lineBetween(from, to, addresses)];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${RIGHT + WIDTH.box + PADDING}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...lines,
    ...boxes.map(drawn),
    "</svg>",
    "",
  ].join("\n");
}

function stacked<T extends { readonly name: string }>(
  items: readonly T[],
  x: number,
  kind: Box["kind"],
  text: (item: T) => readonly string[],
): Map<string, Box> {
  const boxes = new Map<string, Box>();
  let y = PADDING;
  for (const item of items) {
    const lines = text(item);
    const height = 2 * PADDING + LINE * lines.length;
    boxes.set(item.name, { x, y, height, lines, kind });
    y += height + GAP;
  }
  return boxes;
}

function networkText({ name, driver, internal, subnets }: GraphNetwork): string[] {
  return [name, `${driver}${internal ? ", internal" : ""}`, ...subnets];
}

function containerText({ name, image, ports }: GraphContainer): string[] {
  return [name, image, ...ports];
}

function lineBetween(from: Box, to: Box, addresses: readonly string[]): string {
  const [x1, y1] = [from.x + WIDTH.box, from.y + from.height / 2];
  const [x2, y2] = [to.x, to.y + to.height / 2];
  // Near the container, where lines of one network have parted.
  const [x, y] = [x2 - 8, y2 - 4 + (y1 - y2) * 0.05];
  const label = `<text x="${x}" y="${y}" text-anchor="end" fill="#555">${escaped(addresses.join(", "))}</text>`;
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#999"/>${addresses.length === 0 ? "" : label}`;
}

const COLOURS = { network: { fill: "#e8f1fb", stroke: "#2b6cb0" }, container: { fill: "#eefaf0", stroke: "#2f855a" } };

function drawn({ x, y, height, lines, kind }: Box): string {
  const { fill, stroke } = COLOURS[kind];
  const text = lines.map((line, index) => {
    const weight = index === 0 ? ` font-weight="bold"` : "";
    return `<text x="${x + PADDING}" y="${y + PADDING + LINE * (index + 0.75)}"${weight}>${escaped(line)}</text>`;
  });
  return `<rect x="${x}" y="${y}" width="${WIDTH.box}" height="${height}" rx="6" fill="${fill}" stroke="${stroke}"/>${text.join("")}`;
}

/** Without what XML has no word for, and what would be markup. */
function escaped(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, "\uFFFD")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
