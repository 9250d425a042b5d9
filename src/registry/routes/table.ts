import type { Operation } from "../context.ts";
import type { Target } from "../protocol/target.ts";
import { deleteBlob, getBlob, headBlob } from "./blobs.ts";
import { base, listCatalog, listReferrers, listTags } from "./lists.ts";
import { deleteManifest, getManifest, putManifest } from "./manifests.ts";
import { giveToken } from "./token.ts";
import { showPage, showStyle } from "../page/routes.ts";
import { beginUpload, cancelUpload, finishUpload, patchUpload, uploadStatus } from "./uploads.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
type Operations = { readonly [K in Target["kind"]]: Partial<Record<Method, Operation<K>>> };

/** Every path and method that there is. */
const operations: Operations = {
  base: { GET: base, HEAD: base },
  catalog: { GET: listCatalog, HEAD: listCatalog },
  manifest: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  blob: { GET: getBlob, HEAD: headBlob, DELETE: deleteBlob },
  uploads: { POST: beginUpload },
  upload: { GET: uploadStatus, PATCH: patchUpload, PUT: finishUpload, DELETE: cancelUpload },
  tags: { GET: listTags, HEAD: listTags },
  referrers: { GET: listReferrers, HEAD: listReferrers },
  token: { GET: giveToken, POST: giveToken },
  page: { GET: showPage, HEAD: showPage },
  style: { GET: showStyle, HEAD: showStyle },
};

export function methodsOf(kind: Target["kind"]): string {
  return Object.keys(operations[kind]).join(", ");
}

/** Undefined where the path has no such method. The target's kind is the operation's: that is what the table says. */
export function operationFor(kind: Target["kind"], method: string): Operation<Target["kind"]> | undefined {
  const row: Partial<Record<string, unknown>> = operations[kind];
  return Object.hasOwn(row, method) ? (row[method] as Operation<Target["kind"]>) : undefined;
}
