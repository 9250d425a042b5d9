import { show } from "./show.ts";

const VERB = /%([-+0 #]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g;

/** Go's `fmt.Sprintf` for the verbs that templates use: %s %v %q %d %t %x %f %%, with width and precision. */
export function goFormat(pattern: string, values: readonly unknown[]): string {
  let next = 0;
  return pattern.replace(VERB, (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
    if (verb === "%") return "%";
    if (next >= values.length) return `%!${verb}(MISSING)`;
    const text = formatted(values[next++], verb, precision);
    const wide = Number(width ?? 0);
    return flags.includes("-") ? text.padEnd(wide) : text.padStart(wide, flags.includes("0") && verb !== "s" ? "0" : " ");
  });
}

function formatted(value: unknown, verb: string, precision: string | undefined): string {
  switch (verb) {
    case "q":
      return JSON.stringify(show(value));
    case "x":
      return typeof value === "number" ? value.toString(16) : Buffer.from(show(value)).toString("hex");
    case "f":
      return Number(value).toFixed(Number(precision ?? 6));
    case "s":
      return precision === undefined ? show(value) : show(value).slice(0, Number(precision));
    default:
      return show(value);
  }
}
