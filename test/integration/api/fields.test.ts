import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { useDaemon, type Answer } from "../../support/daemon.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { readSpecification, type Specification } from "../../support/specification.ts";
import { fields, parameters, type Field } from "./fields.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const specification = readSpecification();
const NOUNS = ["ContainerConfig", "HealthConfig", "HostConfig", "Mount", "NetworkingConfig", "EndpointSettings", "EndpointIPAMConfig"];

const mentions = (file: string, word: string): boolean =>
  existsSync(join(root, file)) && new RegExp(`\\b${word}\\b`, "i").test(readFileSync(join(root, file), "utf8"));

describe.skipIf(specification === undefined)("the list of fields", () => {
  it("has every field of a create that the specification has, and no other", () => {
    const specified = NOUNS.flatMap((noun) =>
      Object.keys((specification as Specification).properties(noun)).map((name) => `${noun}.${name}`),
    );
    expect(Object.keys(fields).toSorted()).toEqual(specified.toSorted());
  });

  it("has every operation with query parameters below /containers and /exec", () => {
    const operations = (specification as Specification).operations.filter(({ path }) => /^\/(containers|exec)\b/.test(path));
    const asked = operations.filter(({ query }) => query.length > 0).map(({ method, path }) => `${method} ${path}`);
    expect(Object.keys(parameters).toSorted()).toEqual(asked.toSorted());
  });
});

const honoured = Object.entries(fields).filter((entry): entry is [string, Extract<Field, { by: string }>] => "by" in entry[1]);

it.each(honoured)("%s has its test", (name, { by }) => {
  expect(`${by} tests ${mentions(by, name.split(".")[1] ?? "")}`).toBe(`${by} tests true`);
});

describe("a daemon", () => {
  const daemon = useDaemon({ images: [busyboxArchive] });

  beforeAll(async () => {
    const subnets = [{ Subnet: "10.213.95.0/24" }, { Subnet: "fd00:d0:95::/64" }];
    await daemon.api("POST", "/networks/create", { Name: "fields", EnableIPv6: true, IPAM: { Config: subnets } });
    await daemon.api("POST", "/containers/create?name=field-peer", { Image: BUSYBOX, Cmd: ["sleep", "9"] });
  });

  const create = async (name: string, value: unknown, more: object = {}): Promise<Answer> =>
    await daemon.api("POST", "/containers/create", bodyWith(name, value, more));

  async function shown(name: string, answer: Answer): Promise<unknown> {
    expect(answer).toMatchObject({ status: 201 });
    const inspected = (await daemon.api("GET", `/containers/${answer.json.Id}/json`)).json;
    await daemon.api("DELETE", `/containers/${answer.json.Id}?force=1&v=1`);
    const [noun = "", field = ""] = name.split(".");
    const endpoint = inspected.NetworkSettings.Networks.fields;
    const at: Record<string, Record<string, unknown> | undefined> = {
      ContainerConfig: inspected.Config,
      HealthConfig: inspected.Config.Healthcheck,
      HostConfig: inspected.HostConfig,
      Mount: inspected.HostConfig.Mounts?.[0],
      EndpointSettings: endpoint,
      EndpointIPAMConfig: endpoint?.IPAMConfig,
    };
    return at[noun]?.[field];
  }

  it.each(Object.entries(fields))("%s is as the list says", async (name, field) => {
    if ("fields" in field) return expect(NOUNS).toContain(field.fields);
    if ("refused" in field) {
      const made = await create(name, field.refused, field.with);
      const answer = made.status === 201 ? await daemon.api("POST", `/containers/${made.json.Id}/start`) : made;
      expect(answer).toMatchObject({ status: field.status ?? 400 });
      return expect(answer.json.message).toContain(field.message);
    }
    if ("kernel" in field) {
      const made = await create(name, field.kernel);
      if (made.status === 201 && made.json.Warnings.length === 0) return expect(await shown(name, made)).toEqual(field.kernel);
      return expect(made.text).toMatch(field.says);
    }
    if ("response" in field) return expect(await shown(name, await create(name, field.response))).not.toEqual(field.response);
    const value = "kept" in field ? field.kept : field.value;
    const more = "kept" in field ? {} : (field.with ?? {});
    const expected = "shown" in field ? field.shown : value;
    expect(await shown(name, await create(name, value, more))).toEqual(expected);
  });
});

/** A request that has one field, and what it needs to make sense. */
function bodyWith(name: string, value: unknown, more: { Mount?: object; HostConfig?: object; Healthcheck?: object } = {}): object {
  const [noun = "", field = ""] = name.split(".");
  const one = { [field]: value };
  const base = { Image: BUSYBOX, Cmd: ["true"], Healthcheck: more.Healthcheck, HostConfig: more.HostConfig };
  const endpoint = (settings: object): object => ({
    ...base,
    HostConfig: { NetworkMode: "fields" },
    NetworkingConfig: { EndpointsConfig: { fields: settings } },
  });
  switch (noun) {
    case "ContainerConfig":
      return { ...base, ...one };
    case "HealthConfig":
      return { ...base, Healthcheck: { Test: ["CMD", "true"], ...one } };
    case "HostConfig":
      return { ...base, HostConfig: { ...more.HostConfig, ...one } };
    case "Mount":
      return { ...base, HostConfig: { Mounts: [{ Type: "volume", Source: "named", Target: "/x", ...more.Mount, ...one }] } };
    case "EndpointIPAMConfig":
      return endpoint({ IPAMConfig: one });
    default:
      return endpoint(one);
  }
}
