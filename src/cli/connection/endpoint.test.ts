import { describe, expect, it } from "vitest";
import { DEFAULT_HOST, resolveEndpoint, type EndpointFlags } from "./endpoint.ts";

const resolve = (flags: EndpointFlags, environment: Record<string, string> = {}, currentContext?: string): string =>
  resolveEndpoint({
    flags,
    environment,
    currentContext,
    configFolder: "/home/me/.docker",
    readContext: (name) => ({ host: `context:${name}`, tls: undefined, skipVerify: false }),
  }).host;

describe("which daemon is meant", () => {
  it.each<[EndpointFlags, Record<string, string>, string | undefined, string]>([
    [{}, {}, undefined, DEFAULT_HOST],
    [{}, {}, "default", DEFAULT_HOST],
    [{}, {}, "work", "context:work"],
    [{}, { DOCKER_CONTEXT: "home" }, "work", "context:home"],
    [{}, { DOCKER_CONTEXT: "home", DOCKER_HOST: "tcp://h:1" }, "work", "tcp://h:1"],
    [{}, { DOCKER_HOST: "" }, "work", "context:work"],
    [{ host: "unix:///x" }, { DOCKER_HOST: "tcp://h:1" }, "work", "unix:///x"],
    [{ context: "flag" }, { DOCKER_HOST: "tcp://h:1", DOCKER_CONTEXT: "home" }, "work", "context:flag"],
    [{ context: "default" }, { DOCKER_HOST: "tcp://h:1" }, "work", DEFAULT_HOST],
  ])("%j, %j, current %s: %s", (flags, environment, current, expected) => {
    expect(resolve(flags, environment, current)).toBe(expected);
  });

  it("both --host and --context are too much", () => {
    expect(() => resolve({ host: "unix:///x", context: "y" })).toThrow("cannot specify both --host and --context");
  });

  it("TLS takes its certificates from the flags, DOCKER_CERT_PATH or the configuration's folder", () => {
    const tls = (flags: EndpointFlags, environment: Record<string, string>): unknown =>
      resolveEndpoint({
        flags,
        environment,
        currentContext: undefined,
        configFolder: "/home/me/.docker",
        readContext: () => ({ host: "", tls: undefined, skipVerify: false }),
      }).tls;
    expect(tls({ host: "tcp://h:1" }, {})).toBeUndefined();
    expect(tls({ host: "tcp://h:1" }, { DOCKER_TLS_VERIFY: "1" })).toMatchObject({ folder: "/home/me/.docker", verify: true });
    expect(tls({ host: "tcp://h:1", tls: true }, { DOCKER_CERT_PATH: "/certs" })).toMatchObject({ folder: "/certs", verify: false });
    expect(tls({ host: "tcp://h:1", tlsverify: true, tlskey: "/k" }, {})).toMatchObject({ key: "/k", verify: true });
  });
});
