import { text } from "./flag.ts";

/** `--format` of a command that lists. */
export const listFormat = text(`Format output using a custom template:
'table':            Print output in table format with column headers (default)
'table TEMPLATE':   Print output in table format using the given Go template
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template`);

/** `--format` of a command that shows one value. */
export const valueFormat = text(
  `Format output using a custom template:
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template`,
  { short: "f" },
);
