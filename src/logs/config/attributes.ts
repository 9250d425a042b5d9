import { messageOf } from "#errors/engine-error.ts";
import { invalid, type LogOptions } from "./options.ts";

/** What of a container can stand beside its log lines. */
export interface LogSubject {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  readonly imageName: string;
  readonly command: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `NAME=value` each. */
  readonly env: readonly string[];
}

/**
 * What `docker logs --details` shows before each line: the labels and variables that the options name, and the tag.
 *
 * @returns `name=value` pairs, escaped as in a URL and sorted, with commas in between; "" when there are none.
 */
export function logAttributes(options: LogOptions, subject: LogSubject): string {
  const labels = selected(options["labels"], options["labels-regex"], subject.labels);
  const variables = Object.fromEntries(subject.env.flatMap((entry) => pairOf(entry)));
  const env = selected(options["env"], options["env-regex"], variables);
  const tag = formatTag(options["tag"] ?? "", subject);
  const all = { ...labels, ...env, ...(tag === "" ? {} : { tag }) };
  const pairs = Object.entries(all).map(([name, value]) => `${escaped(name)}=${escaped(value)}`);
  return pairs.toSorted().join(",");
}

/** @throws EngineError `invalid` for a pattern or a template that is none. */
export function checkAttributes(options: LogOptions): void {
  for (const option of ["labels-regex", "env-regex"] as const) patternOf(option, options[option]);
  partsOf(options["tag"] ?? "");
}

function selected(names: string | undefined, regex: string | undefined, values: Readonly<Record<string, string>>): Record<string, string> {
  const wanted = new Set(names?.split(","));
  const pattern = patternOf("regex", regex);
  return Object.fromEntries(Object.entries(values).filter(([name]) => wanted.has(name) || pattern?.test(name) === true));
}

function patternOf(option: string, text: string | undefined): RegExp | undefined {
  if (text === undefined || text === "") return undefined;
  try {
    return new RegExp(text, "u");
  } catch (cause) {
    throw invalid(`${option}: ${messageOf(cause)}`);
  }
}

function pairOf(entry: string): [string, string][] {
  const separator = entry.indexOf("=");
  return separator === -1 ? [] : [[entry.slice(0, separator), entry.slice(separator + 1)]];
}

const SHORT = 12;

const fields = {
  ID: ({ id }) => id.slice(0, SHORT),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  ImageID: ({ imageId }) => imageId.slice(0, SHORT),
  ImageFullID: ({ imageId }) => imageId,
  ImageName: ({ imageName }) => imageName,
  DaemonName: () => "docker",
  Command: ({ command }) => command,
} as const satisfies Record<string, (subject: LogSubject) => string>;

type TagPart = string | ((subject: LogSubject) => string);

function formatTag(template: string, subject: LogSubject): string {
  return partsOf(template)
    .map((part) => (typeof part === "string" ? part : part(subject)))
    .join("");
}

/** Of Go's templates what tags are made of, `{{.Field}}`; anything else is refused rather than shown as it is. */
function partsOf(template: string): TagPart[] {
  return template.split(/(\{\{.*?\}\})/s).map((part) => {
    if (!part.startsWith("{{") || !part.endsWith("}}")) {
      if (part.includes("{{")) throw invalid(`template parsing error in tag ${JSON.stringify(template)}: unclosed action`);
      return part;
    }
    const name = /^\{\{-? *\.(\w+) *-?\}\}$/.exec(part)?.[1] ?? "";
    if (!Object.hasOwn(fields, name)) {
      throw invalid(
        `tag ${JSON.stringify(template)}: ${part} is not supported; there are ${Object.keys(fields)
          .map((known) => `{{.${known}}}`)
          .join(", ")}`,
      );
    }
    return fields[name as keyof typeof fields];
  });
}

/** Go's `url.QueryEscape`. */
function escaped(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
