import { readInteger } from "../../arguments/flag.ts";
import { variable } from "../environment.ts";
import { linesOf, pair } from "../flag-values.ts";
import type { CreateRequest, FlagContext } from "../request.ts";
import { add, asIs, host, own, put, runFlag, runToggle, type RunFlags } from "../run-flag.ts";

/** What the container is and runs. */
export const identityFlags: RunFlags = {
  annotation: runFlag(
    { value: "map", help: "Add an annotation to the container (passed through to the OCI runtime)" },
    pair,
    ({ hostConfig }, value) => put(hostConfig, "Annotations", value),
  ),
  domainname: runFlag({ help: "Container NIS domain name" }, asIs, own("Domainname")),
  entrypoint: runFlag({ help: "Overwrite the default ENTRYPOINT of the image" }, (text) => [text], own("Entrypoint")),
  // Files before what is named one by one: the later ones count.
  "env-file": runFlag({ value: "list", help: "Read in a file of environment variables" }, asIs, (request, path, context) => {
    for (const line of linesOf(context.readText(path))) addVariable(request, line, context);
  }),
  env: runFlag({ value: "list", short: "e", help: "Set environment variables; a name alone takes yours" }, asIs, addVariable),
  hostname: runFlag({ short: "h", help: "Container host name" }, asIs, own("Hostname")),
  init: runToggle("Run an init inside the container that forwards signals and reaps processes", host("Init")),
  "label-file": runFlag({ value: "list", help: "Read in a line delimited file of labels" }, asIs, ({ config }, path, { readText }) => {
    for (const line of linesOf(readText(path))) put(config, "Labels", pair(line));
  }),
  label: runFlag({ value: "list", short: "l", help: "Set meta data on a container" }, pair, ({ config }, value) =>
    put(config, "Labels", value),
  ),
  "stop-signal": runFlag({ help: "Signal to stop the container" }, asIs, own("StopSignal")),
  "stop-timeout": runFlag({ value: "int", help: "Timeout (in seconds) to stop a container" }, readInteger, own("StopTimeout")),
  user: runFlag({ short: "u", help: "Username or UID (format: <name|uid>[:<group|gid>])" }, asIs, own("User")),
  workdir: runFlag({ short: "w", help: "Working directory inside the container" }, asIs, own("WorkingDir")),
};

function addVariable({ config }: CreateRequest, text: string, context: FlagContext): void {
  const entry = variable(text, context);
  if (entry !== undefined) add(config, "Env", entry);
}
