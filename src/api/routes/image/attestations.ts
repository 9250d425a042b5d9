import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { booleanOf } from "../../query.ts";
import { attestationView } from "../../views/attestation.ts";
import type { ImageQueries } from "./backend.ts";
import { singlePlatformOf } from "./platform-query.ts";

/** What is said of an image: its bill of materials, its provenance. */
export async function imageAttestations(backend: Pick<ImageQueries, "attestations">, request: ApiRequest): Promise<Reply> {
  const { params, query } = request;
  const types = query.getAll("type").filter((type) => type !== "");
  const found = await backend.attestations({ name: params["name"] ?? "", platform: singlePlatformOf(request, "platform", [1, 24]), types });
  const isWhole = booleanOf(query, "statement");
  return json(found.map((one) => attestationView(one, isWhole)));
}
