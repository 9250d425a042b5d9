import type { OptionRow } from "./row.ts";

/** How the daemon itself runs: its files, its log, its life. */
export const daemonOptions = {
  "config-file": { key: null, type: "string", help: "Configuration file", default: "/etc/dhow/daemon.json", ready: true },
  "data-root": { type: "string", help: "Folder of images, containers and volumes", default: "/var/lib/dhow", ready: true },
  debug: { short: "D", type: "bool", help: "Log what helps to find a fault", ready: true, reload: true },
  "deprecated-key-path": { type: "string", help: "", fileOnly: true },
  ephemeral: {
    key: null,
    type: "string",
    help: 'Live as long as standard input is open, then remove "containers" with their networks, or "all" that was made',
    ready: ["containers", "all"],
  },
  "exec-root": { type: "string", help: "Folder of sockets and other things that a reboot takes away", default: "/run/dhow", ready: true },
  experimental: { type: "bool", help: "Turn on what is not stable yet", ready: [false] },
  feature: { key: "features", type: "switches", help: "Turn a feature on or off" },
  help: { key: null, type: "bool", help: "Print this text", ready: true },
  instance: { key: null, type: "string", help: "Name that everything outside the data root derives from", default: "dhow", ready: true },
  label: { key: "labels", type: "list", help: "key=value that /info shows of this daemon", ready: true, reload: true },
  "live-restore": { type: "bool", help: "Let containers run on while the daemon is down", default: "true", ready: true },
  "log-format": { type: "string", help: 'Form of the daemon\'s own log ("text" or "json")', default: "text", ready: true },
  "log-level": {
    short: "l",
    type: "string",
    help: 'Least level that is logged ("debug", "info", "warn", "error" or "fatal")',
    default: "info",
    ready: true,
    reload: true,
  },
  "metrics-addr": { type: "string", help: "Where to serve metrics (HOST:PORT)", ready: true },
  "network-diagnostic-port": { type: "int", help: "", hidden: true },
  pidfile: { short: "p", type: "string", help: "File that holds the daemon's process id", default: "/run/dhow/dhowd.pid", ready: true },
  "raw-logs": { type: "bool", help: "No colours in the daemon's own log (there never are any)", ready: true },
  restart: { short: "r", key: null, type: "bool", help: "", hidden: true },
  "shutdown-timeout": {
    type: "int",
    help: "Seconds that containers get to stop with the daemon, when live-restore is off",
    default: "15",
    ready: true,
  },
  validate: { key: null, type: "bool", help: "Check the configuration and end", ready: true },
  version: { short: "v", key: null, type: "bool", help: "Print the version and end", ready: true },
} as const satisfies Record<string, OptionRow>;
