import { parseJsonText } from "#lib/json/text.ts";
import { isBlobDigest } from "../protocol/digest.ts";
import type { RepositoryName, Tag } from "../protocol/names.ts";
import type { Repositories } from "../repositories/contract.ts";
import type { TagRow } from "./render.ts";

/** A larger configuration is not read for a line in a table. */
const CONFIG_LIMIT = 1024 * 1024;

type Document = Readonly<Record<string, unknown>>;

/** What a tag's manifest says of itself. Anything in it may be missing or nonsense: then it is not shown. */
export async function describeTag(
  repositories: Repositories,
  name: RepositoryName,
  tag: Tag,
  signal: AbortSignal,
): Promise<TagRow | undefined> {
  const manifest = await repositories.manifest(name, { kind: "tag", tag }, signal);
  if (manifest === undefined) return undefined;
  const document = parse(manifest.bytes);
  const index = listOf(document["manifests"]);
  const config = objectOf(document["config"]);
  const image = index.length === 0 ? await readConfig(repositories, name, config["digest"], signal) : {};
  const platforms = index.length === 0 ? [platformText(image)] : index.map((entry) => platformText(objectOf(objectOf(entry)["platform"])));
  const sized = [config, ...listOf(document["layers"]), ...index].map((entry) => Number(objectOf(entry)["size"] ?? 0));
  return {
    tag,
    digest: manifest.digest,
    platforms: [...new Set(platforms.filter((platform) => platform !== undefined && platform !== "unknown/unknown"))] as string[],
    bytes: manifest.bytes.length + sized.reduce((sum, size) => sum + (Number.isFinite(size) ? size : 0), 0),
    created: textOf(image["created"]),
  };
}

async function readConfig(repositories: Repositories, name: RepositoryName, digest: unknown, signal: AbortSignal): Promise<Document> {
  if (typeof digest !== "string" || !isBlobDigest(digest)) return {};
  const blob = await repositories.blob(name, digest, signal);
  if (blob === undefined || blob.size > CONFIG_LIMIT) return {};
  return parse(Buffer.concat(await Array.fromAsync(blob.read())));
}

function platformText({ os, architecture, variant }: Document): string | undefined {
  const parts = [os, architecture, variant].map(textOf).filter((part) => part !== undefined && part !== "");
  return parts.length < 2 ? undefined : parts.join("/");
}

function parse(bytes: Buffer): Document {
  try {
    return objectOf(parseJsonText(bytes.toString("utf8")));
  } catch {
    return {};
  }
}

function objectOf(value: unknown): Document {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Document) : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
