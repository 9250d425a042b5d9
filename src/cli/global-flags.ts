import { text, toggle, type Flag } from "./arguments/flag.ts";

/** A switch that leaves it to the environment when it is not given. */
const undecided = (flag: Flag<boolean>): Flag<boolean | undefined> => ({
  ...flag,
  initial: undefined,
  read: (given) => flag.read(given, false),
});

/** What may stand before the command. */
export const globalFlags = {
  config: text('Location of client config files (default "~/.docker")'),
  context: text("Name of the context to connect to the daemon by (before DOCKER_HOST and the one that is configured)", { short: "c" }),
  debug: toggle("Show where an error came from", { short: "D" }),
  host: text("Daemon socket to connect to", { short: "H" }),
  tls: toggle("Use TLS; implied by --tlsverify"),
  tlscacert: text('Trust certs signed only by this CA (default "~/.docker/ca.pem")'),
  tlscert: text('Path to TLS certificate file (default "~/.docker/cert.pem")'),
  tlskey: text('Path to TLS key file (default "~/.docker/key.pem")'),
  tlsverify: undecided(toggle("Use TLS and verify the remote")),
  version: toggle("Print version information and quit", { short: "v" }),
};
