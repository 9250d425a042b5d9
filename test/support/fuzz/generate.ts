import { BUSYBOX } from "../images.ts";
import type { Operation, Schema, Specification } from "../specification.ts";
import type { Random } from "./random.ts";

export interface FuzzRequest {
  readonly operation: Operation;
  readonly method: string;
  readonly path: string;
  readonly body: Buffer | undefined;
  readonly type: string;
}

/** Names of things that were made, for requests that get further than the door. */
export interface Known {
  readonly containers: string[];
  readonly networks: string[];
  readonly volumes: string[];
  readonly execs: string[];
}

/** Words that have been somebody's undoing (security.md P14, P09); none of them names a place on the host. */
const HOSTILE = [
  "../../../../etc/passwd",
  "..%2f..%2fetc",
  "a/../b",
  "%00",
  "a\u0000b",
  "__proto__",
  "constructor",
  "x".repeat(300),
  "x".repeat(5000),
  "ünïcødé ✓",
  "\r\nX-Evil: 1",
  "-rf",
  "4294967296",
  "4294967295",
  "-1",
  "1e9",
  "NaN",
  "true",
  "{}",
  "[]",
  "null",
  "' OR 1=1 --",
  "${HOME}",
  "{{.}}",
  " ",
  "",
] as const;

const WORDS = [
  "fuzz",
  "web",
  "80/tcp",
  "80",
  "10.213.200.0/24",
  "10.213.200.9",
  "bridge",
  "host",
  "none",
  "private",
  "SIGTERM",
  "0",
  "1",
  "no-new-privileges",
  "fuzzvol:/data",
  "linux/amd64",
  "local",
  "unix",
  "10ms",
  "1700000000.5",
] as const;
const NUMBERS = [0, 1, -1, 2, 10, 100, 1024, 65_535, 65_536, 6_291_456, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 31), 1.5, 1e300, 1e-9] as const;
const WRONG = [null, true, 7, -1, "text", [], {}, [[]], [null], { a: null }, [{}], 1e308] as const;

/** Left out of bodies: they name places on the host, which an engine is right to use. */
const HOST_FIELDS = new Set([
  "Binds",
  "CgroupParent",
  "ContainerIDFile",
  "Devices",
  "Source",
  "Device",
  "PathOnHost",
  "VolumesFrom",
  "DriverOpts",
  "Runtime",
  "PidMode",
]);
const DEEPEST = 6;

export class Generator {
  readonly #specification: Specification;
  readonly #random: Random;
  readonly #known: Known;

  constructor(specification: Specification, random: Random, known: Known) {
    this.#specification = specification;
    this.#random = random;
    this.#known = known;
  }

  request(operation: Operation): FuzzRequest {
    const random = this.#random;
    const path =
      operation.path.replaceAll(/\{(\w+)\}/g, () => encodeURIComponent(this.#reference(operation.path))) + this.#query(operation);
    const version = random.chance(0.3) ? `/v1.${random.pick([24, 32, 40, 44, 47, 52, 55, 23, 99])}` : "";
    return { operation, method: operation.method, path: version + path, ...this.#body(operation) };
  }

  #reference(path: string): string {
    const random = this.#random;
    if (random.chance(0.2)) return random.pick(HOSTILE) || "x";
    const [, noun = ""] = /^\/(\w+)/.exec(path) ?? [];
    const own = {
      containers: this.#known.containers,
      networks: [...this.#known.networks, "bridge", "none"],
      volumes: this.#known.volumes,
      exec: this.#known.execs,
      images: [BUSYBOX, "nosuch"],
    }[noun];
    return own === undefined || own.length === 0 ? "nosuch" : random.pick(own);
  }

  #query({ query, path }: Operation): string {
    const given = query
      .filter(() => this.#random.chance(0.4))
      .map((parameter) => `${encodeURIComponent(parameter.name)}=${encodeURIComponent(this.#queryValue(parameter, path))}`);
    return given.length === 0 ? "" : `?${given.join("&")}`;
  }

  #queryValue({ name, type, enum: allowed }: Operation["query"][number], path: string): string {
    const random = this.#random;
    // What is asked to wait is asked to wait for nothing.
    if (name === "t") return random.pick(["0", "x", "", "99999999999999999999"]);
    if (random.chance(0.2)) return random.pick(HOSTILE);
    if (allowed !== undefined) return String(random.pick(allowed));
    if (name === "filters") return this.#filters();
    if (name === "name" && path.endsWith("/create")) return `fuzz-${random.below(1000)}`;
    if (type === "boolean") return random.pick(["1", "0", "true", "True", "false", "maybe", ""]);
    if (type === "integer") return String(random.pick(NUMBERS));
    return random.pick(WORDS);
  }

  #filters(): string {
    const random = this.#random;
    const keys = [
      "label",
      "name",
      "status",
      "id",
      "until",
      "type",
      "event",
      "network",
      "dangling",
      "before",
      "since",
      "publish",
      "driver",
      "scope",
      "x",
      "__proto__",
    ] as const;
    const value = (): unknown =>
      random.pick([[random.pick(WORDS)], { [random.pick(WORDS)]: true }, [random.pick(HOSTILE)], random.pick(WRONG)]);
    return JSON.stringify(Object.fromEntries([1, 2].map(() => [random.pick(keys), value()])));
  }

  #body(operation: Operation): Pick<FuzzRequest, "body" | "type"> {
    const random = this.#random;
    const type = "application/json";
    if (operation.body === undefined) {
      return operation.method === "GET" || operation.method === "HEAD" || random.chance(0.8)
        ? { body: undefined, type }
        : { body: Buffer.from("{}"), type };
    }
    if (random.chance(0.05))
      return {
        body: Buffer.from(random.pick(["", "{", "[]", '"x"', "null", "{}{}", '{"a":1,"a":2}', `${"[".repeat(5000)}`, "\u0000"])),
        type,
      };
    if (this.#specification.resolve(operation.body).type === "string") return { body: Buffer.from("not a tar"), type: "application/x-tar" };
    const body = this.#value(operation.body, "", 0);
    return { body: Buffer.from(JSON.stringify(this.#sensible(operation, body)) ?? "null"), type };
  }

  /** Most requests should get as far as doing something, and nothing that they start lasts. */
  #sensible({ path }: Operation, body: unknown): unknown {
    const random = this.#random;
    if (typeof body !== "object" || body === null || random.chance(0.1)) return body;
    if (path === "/containers/create")
      return {
        ...body,
        Image: random.chance(0.9) ? BUSYBOX : "nosuch",
        Cmd: random.pick([["true"], ["sleep", "1"]]),
        Entrypoint: undefined,
      };
    if (path.endsWith("/exec")) return { ...body, Cmd: random.pick([["true"], ["sleep", "1"], ["nosuch"]]) };
    if (path === "/networks/create")
      return { ...body, Name: `fuzz-${random.below(50)}`, Driver: random.chance(0.8) ? "bridge" : random.pick(WORDS), Options: undefined };
    return body;
  }

  #value(given: Schema, name: string, depth: number): unknown {
    const random = this.#random;
    if (random.chance(0.02)) return random.pick(WRONG);
    const schema = this.#specification.resolve(given);
    if (schema.enum !== undefined && random.chance(0.8)) return random.pick(schema.enum);
    if (schema.properties !== undefined || schema.allOf !== undefined) return this.#object(schema, depth);
    const type = Array.isArray(schema.type) ? (schema.type as readonly string[])[0] : schema.type;
    switch (type) {
      case "object":
        return this.#map(schema, depth);
      case "array":
        return depth > DEEPEST ? [] : Array.from({ length: random.below(3) }, () => this.#value(schema.items ?? {}, name, depth + 1));
      case "boolean":
        return random.chance(0.5);
      case "integer":
      case "number":
        return random.pick(NUMBERS);
      default:
        return random.chance(0.08)
          ? random.pick(HOSTILE)
          : typeof schema.example === "string" && !schema.example.startsWith("/") && random.chance(0.5)
            ? schema.example
            : random.pick(WORDS);
    }
  }

  #object(schema: Schema, depth: number): Record<string, unknown> {
    if (depth > DEEPEST) return {};
    const parts = [schema, ...(schema.allOf ?? []).map((part) => this.#specification.resolve(part))];
    const properties = Object.assign({}, ...parts.map((part) => part.properties ?? {})) as Record<string, Schema>;
    const share = Object.keys(properties).length > 20 ? 0.04 : 0.4;
    const chosen = Object.entries(properties).filter(
      ([name]) => !HOST_FIELDS.has(name) && this.#random.chance(depth === 0 ? Math.max(share, 0.1) : share),
    );
    return Object.fromEntries(chosen.map(([name, property]) => [name, this.#value(property, name, depth + 1)]));
  }

  #map({ additionalProperties }: Schema, depth: number): Record<string, unknown> {
    if (depth > DEEPEST) return {};
    const value = typeof additionalProperties === "object" ? additionalProperties : {};
    const key = (): string => (this.#random.chance(0.3) ? this.#random.pick(HOSTILE) : this.#random.pick(WORDS));
    return Object.fromEntries(Array.from({ length: this.#random.below(3) }, () => [key(), this.#value(value, "", depth + 1)]));
  }
}
