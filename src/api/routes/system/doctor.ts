import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { booleanOf } from "../../query.ts";
import { doctorView } from "../../views/doctor.ts";
import type { SystemBackend } from "./backend.ts";

/** Of Dhow's own: looks for faults of the store, and mends them with `repair=1`. As slow as reading all of it. */
export async function examineStore(backend: Pick<SystemBackend, "examine">, { query, signal }: ApiRequest): Promise<Reply> {
  return json(doctorView(await backend.examine({ repair: booleanOf(query, "repair") }, signal)));
}
