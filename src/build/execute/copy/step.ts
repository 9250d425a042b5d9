import { createReadStream } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { shownPath } from "#lib/byte-path.ts";
import { identityOf, type LayerTree, type StepResult } from "../step-result.ts";
import { copyKey, type KeyParts } from "../../cache/keys.ts";
import { copyInputs, type CopiedSource } from "../../explain/inputs.ts";
import type { CopyOperation, CopySource, StepRef } from "../../plan/plan.ts";
import type { CopyItem, Looks, Match, Selection, SourceTree } from "../../worker/job.ts";
import { cachedLayer } from "../layer/cached.ts";
import { copyOwner } from "./owner.ts";
import type { Execution, StepOutcome } from "../execution-context.ts";
import { linkedIdentity, linkedLayer, linkOwner } from "./linked-layer.ts";
import { makeArchive, makeLayer, newWritableId } from "../layer/make.ts";
import { once } from "../once.ts";
import { layersOf, step } from "../results.ts";
import { withTrees } from "./source-trees.ts";

type FileSource = Extract<CopySource, { kind: "files" }>;

interface Sources {
  readonly operation: CopyOperation;
  /** Of `operation.sources`, those that are files of a tree, with the tree. */
  readonly results: ReadonlyMap<FileSource, StepResult>;
}

/** COPY and ADD. */
export async function runCopy(execution: Execution, ref: StepRef, operation: CopyOperation, title: string): Promise<StepOutcome> {
  const root = layersOf(await execution.result(operation.root));
  const files = operation.sources.filter((source): source is FileSource => source.kind === "files");
  const results = new Map(await Promise.all(files.map(async (source) => [source, await execution.result(source.from)] as const)));
  const sources: Sources = { operation, results };
  const owner = operation.link ? await linkOwner(execution, root, operation.chown) : operation.chown;
  const own = { ...operation, chown: owner };
  const identity = operation.link ? linkedIdentity(execution) : step(execution, new Map([[operation.root, root]]));
  const looked = once(() => look(execution, sources));
  const work = {
    quick: quickKey(sources, own, identity),
    key: async () => copyKey(own, contentOf(operation, await looked()), identity),
    explained: {
      ref,
      base: operation.root,
      inputs: async () => copyInputs(own, listingsOf(operation, await looked()), identity.identity(operation.root)),
    },
    description: title,
  };
  const made = async (how: typeof makeLayer): Promise<LayerTree> =>
    await copy(execution, root, { operation: own, results }, await looked(), how);
  if (operation.link) return await linkedLayer(execution, root, { ...work, make: async () => await made(makeArchive) });
  return await cachedLayer(execution, root, { ...work, make: async () => await made(makeLayer) });
}

function listingsOf({ sources }: CopyOperation, selections: Selections): CopiedSource[] {
  return sources.map((source) => {
    if (source.kind === "inline") return { digest: JSON.stringify(source), listing: undefined };
    const { digest = "", listing } = selections.get(source) ?? {};
    return { digest, listing };
  });
}

/** Where every source is a tree that has a name of its own, nothing has to be read to know that all is as it was. */
function quickKey({ results }: Sources, operation: CopyOperation, identity: KeyParts): string | undefined {
  const known: string[] = [];
  for (const source of operation.sources) {
    if (source.kind === "inline") {
      known.push(JSON.stringify(source));
      continue;
    }
    const tree = results.get(source);
    const name = tree === undefined ? undefined : identityOf(tree);
    if (name === undefined) return undefined;
    known.push(JSON.stringify([name, source.path, source.unpack]));
  }
  return copyKey(operation, known, identity);
}

type Selections = ReadonlyMap<FileSource, Selection>;

function contentOf({ sources }: CopyOperation, selections: Selections): string[] {
  return sources.map((source) => (source.kind === "inline" ? JSON.stringify(source) : (selections.get(source)?.digest ?? "")));
}

/** Finds the files and hashes them. @throws EngineError `not-found` with Docker's text. */
async function look(execution: Execution, { operation, results }: Sources): Promise<Selections> {
  const files = [...results.keys()];
  return await withTrees(execution, [...results.values()], async (trees) => {
    const selections = await Promise.all(
      files.map(async (source, index) => [source, await select(execution, operation, source, trees[index])] as const),
    );
    return new Map(selections);
  });
}

async function select(
  { threads, signal, slots }: Execution,
  { parents, exclude }: CopyOperation,
  source: FileSource,
  from: SourceTree | undefined,
): Promise<Selection> {
  if (from === undefined) throw new Error("a source has no tree");
  const { path, unpack } = source;
  const found = await slots.run(signal, async () => await threads.select({ from, path, unpack, parents, exclude }, signal));
  // A wildcard that finds nothing is no error, as long as it is not all there is.
  if (found.matches === undefined && !/[*?[]/.test(path)) throw noSuchFile(path);
  return found;
}

function noSuchFile(path: string): EngineError {
  return new EngineError(
    "not-found",
    `COPY failed: file not found in build context or excluded by .dockerignore: stat ${path}: file does not exist`,
    {
      code: "no-such-source",
    },
  );
}

async function copy(
  execution: Execution,
  root: LayerTree,
  { operation, results }: Sources,
  selections: Selections,
  make: typeof makeLayer,
): Promise<LayerTree> {
  const files = [...results.keys()];
  if (
    files.length > 0 &&
    files.length === operation.sources.length &&
    files.every((file) => (selections.get(file)?.matches ?? []).length === 0)
  ) {
    throw new EngineError("invalid", "COPY failed: no source files were specified");
  }
  const work = async (mounted: string): Promise<void> => {
    await withTrees(execution, [...results.values()], async (trees) => {
      const treeOf = new Map(files.map((source, index) => [source, trees[index]]));
      const items = operation.sources.flatMap((source) => itemsOf(source, selections, treeOf));
      await place(execution, operation, mounted, items);
    });
  };
  return await execution.slots.run(
    execution.signal,
    async () => await make(execution, root, { id: newWritableId(), remapped: false, work }),
  );
}

function itemsOf(source: CopySource, selections: Selections, treeOf: ReadonlyMap<FileSource, SourceTree | undefined>): CopyItem[] {
  if (source.kind === "inline") return [source];
  const from = treeOf.get(source);
  return from === undefined ? [] : (selections.get(source)?.matches ?? []).map((match) => ({ kind: "tree", from, match }));
}

/** In order: a later source replaces what an earlier one has put there. */
async function place(execution: Execution, operation: CopyOperation, root: string, items: readonly CopyItem[]): Promise<void> {
  const { threads, signal, epoch } = execution;
  const looks: Looks = { owner: copyOwner(root, operation.chown), chmod: operation.chmod, time: epoch };
  const { destination, exclude } = operation;
  // Where one wildcard means several files, all go into the folder.
  const destinationIsFolder = operation.destinationIsFolder || items.length > 1;
  const job = { root, destination, destinationIsFolder, exclude, ...looks };
  let waiting: CopyItem[] = [];
  for (const item of items) {
    if (item.kind === "inline" || !item.match.isArchive) {
      waiting.push(item);
      continue;
    }
    if (waiting.length > 0) await threads.copy({ ...job, items: waiting }, signal);
    waiting = [];
    await unpack(execution, job, item.from, item.match);
  }
  if (waiting.length > 0) await threads.copy({ ...job, items: waiting }, signal);
}

async function unpack(
  { threads, files, signal }: Execution,
  job: Looks & { root: string; destination: string },
  from: SourceTree,
  match: Match,
): Promise<void> {
  const path = await threads.makeFolders(
    { root: job.root, path: job.destination, owner: job.owner, chmod: undefined, time: job.time },
    signal,
  );
  const archive = createReadStream(join(from.folder, shownPath(match.path)), { highWaterMark: 512 * 1024 });
  const view = { root: job.root, readOnlyRoot: false, mounts: [], makeTargets: false, running: undefined, users: undefined };
  await files.extract(view, { path, archive, keepKinds: false, owner: job.owner }, signal);
}
