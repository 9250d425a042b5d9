import { logAttributes } from "#logs/config/attributes.ts";
import { logLayout, type LogConfig } from "#logs/config/drivers.ts";
import type { LogLayout } from "#logs/layout.ts";
import type { Container } from "../record/container.ts";

/** A container's log driver and options. */
export function logConfigOf({ hostConfig }: Pick<Container, "hostConfig">): LogConfig {
  return { driver: hostConfig.LogConfig?.Type || "json-file", options: hostConfig.LogConfig?.Config ?? {} };
}

/** How its log is kept; undefined when it is not. */
export function logLayoutOf(container: Pick<Container, "hostConfig">): LogLayout | undefined {
  return logLayout(logConfigOf(container));
}

/** What `logs --details` shows of a container before each line: "" when its options name nothing. */
export function logDetailsOf(container: Container): string {
  const { id, name, image, config } = container;
  const command = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])].join(" ");
  const { options } = logConfigOf(container);
  const imageId = image.id.slice(image.id.indexOf(":") + 1);
  return logAttributes(options, {
    id,
    name,
    imageId,
    imageName: image.reference,
    command,
    labels: config.Labels ?? {},
    env: config.Env ?? [],
  });
}
