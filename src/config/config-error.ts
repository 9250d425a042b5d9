/** A configuration that the daemon does not start with. The message is for the person who wrote it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
