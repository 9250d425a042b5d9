import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { shared } from "./peers.ts";

/** A schema of Swagger 2, as far as Docker's uses it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly example?: unknown;
  readonly "x-nullable"?: boolean;
}

export interface Operation {
  readonly method: string;
  /** `/containers/{id}/json`. */
  readonly path: string;
  readonly query: readonly { readonly name: string; readonly type?: string; readonly enum?: readonly unknown[] }[];
  readonly body: Schema | undefined;
  /** By status; undefined where an answer has no schema. */
  readonly answers: Readonly<Record<string, Schema | undefined>>;
  readonly produces: readonly string[];
}

export interface Specification {
  readonly operations: readonly Operation[];
  resolve(schema: Schema): Schema;
  /** Of a definition, those of what it is made of included. */
  properties(definition: string): Readonly<Record<string, Schema>>;
}

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly schema?: Schema;
}

interface Document {
  readonly definitions: Readonly<Record<string, Schema>>;
  readonly responses?: Readonly<Record<string, { readonly schema?: Schema }>>;
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly parameters?: readonly Parameter[];
            readonly responses: Readonly<Record<string, { readonly schema?: Schema; readonly $ref?: string }>>;
            readonly produces?: readonly string[];
          }
        >
      >
    >
  >;
}

/** The Engine API's own specification; undefined where the reference material is missing. */
export function readSpecification(): Specification | undefined {
  const file = join(shared, "api/engine-api-v1.55.yaml");
  if (!existsSync(file)) return undefined;
  const document = parse(readFileSync(file, "utf8")) as Document;
  const named = (reference: string): Schema => document.definitions[reference.split("/").at(-1) ?? ""] ?? {};
  const resolve = (schema: Schema): Schema => (schema.$ref === undefined ? schema : resolve(named(schema.$ref)));
  const propertiesOf = (schema: Schema): Record<string, Schema> => {
    const { properties = {}, allOf = [] } = resolve(schema);
    return Object.assign({}, ...allOf.map(propertiesOf), properties) as Record<string, Schema>;
  };
  return {
    operations: Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [], responses, produces = [] }]) => ({
        method: method.toUpperCase(),
        path,
        query: parameters.filter((parameter) => parameter.in === "query"),
        body: parameters.find((parameter) => parameter.in === "body")?.schema,
        answers: Object.fromEntries(Object.entries(responses).map(([status, answer]) => [status, answer.schema])),
        produces,
      })),
    ),
    resolve,
    properties: (definition) => propertiesOf(named(`/${definition}`)),
  };
}
