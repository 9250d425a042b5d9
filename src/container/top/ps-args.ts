import { EngineError } from "#errors/engine-error.ts";
import { aliases, columns, type Column } from "./ps-columns.ts";

const FULL = ["user:UID", "pid", "ppid", "c", "stime", "tty", "time", "cmd"];
const USER_ORIENTED = ["user", "pid", "pcpu", "pmem", "vsz", "rss", "tty", "stat", "start_time", "bsdtime", "args"];
const BARE = ["pid", "tty", "time", "cmd"];

/** Letters that choose processes or a width: all of a container's are shown, whole. */
const SELECTION = /^[aAexdgTw]*$/;

/**
 * Which columns arguments to ps ask for. Known are -ef, aux, and -o (or `o` behind others, `axo`) with a list of keywords.
 *
 * @throws EngineError `invalid` for anything else: it would be answered wrongly.
 */
export function parsePsArguments(text: string): Column[] {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const chosen: string[] = [];
  let format = BARE;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    const letters = word.replace(/^-/, "");
    const list = /^([a-zA-Z]*?)o(.*)$/.exec(letters);
    if (list !== null && SELECTION.test(list[1] ?? "")) {
      const keywords = list[2] === "" ? words[(at += 1)] : list[2];
      chosen.push(...(keywords ?? "").split(","));
    } else format = formatOf(word, letters);
  }
  const keys = chosen.length > 0 ? chosen : format;
  if (!keys.some((key) => keywordOf(key) === "pid")) throw invalid("Couldn't find PID field in ps output");
  return keys.map(columnOf);
}

/** -f is the full format; u, without a dash, the one for users. */
function formatOf(word: string, letters: string): string[] {
  if (word.startsWith("-") && SELECTION.test(letters.replace("f", ""))) return letters.includes("f") ? FULL : BARE;
  if (!word.startsWith("-") && SELECTION.test(letters.replace("u", ""))) return letters.includes("u") ? USER_ORIENTED : BARE;
  if (letters === "aux") return USER_ORIENTED;
  throw invalid(`ps: unsupported option ${JSON.stringify(word)}: known are -ef, aux and -o with a list of columns`);
}

function keywordOf(key: string): string {
  const name = key.split(/[:=]/, 1)[0]?.toLowerCase() ?? "";
  return Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name;
}

/** `pid=NUMBER` gives a title of one's own; `user:UID` is ours for -f. */
function columnOf(key: string): Column {
  const column = Object.hasOwn(columns, keywordOf(key)) ? columns[keywordOf(key)] : undefined;
  if (column === undefined) throw invalid(`ps: error: unknown user-defined format specifier "${key}"`);
  const title = /[:=](.+)$/.exec(key)?.[1];
  return title === undefined || /^\d+$/.test(title) ? column : { ...column, title };
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
