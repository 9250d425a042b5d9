import type { Volume, VolumeCreateRequest, VolumeListResponse } from "#spec/docker-api/types.ts";
import type { Caller } from "./caller.ts";
import { encodeFilters, encodeName, type QueryFilters } from "./query.ts";

export class VolumesClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  async list({ filters }: { readonly filters?: QueryFilters } = {}): Promise<Volume[]> {
    const { Volumes } = await this.#caller.json<VolumeListResponse>("GET /volumes", { query: { filters: encodeFilters(filters) } });
    return Volumes ?? [];
  }

  inspect(name: string): Promise<Volume> {
    return this.#caller.json(`GET /volumes/${encodeName(name)}`);
  }

  /** One that is there already is given back. Without a name it gets one. */
  create(body: VolumeCreateRequest = {}): Promise<Volume> {
    return this.#caller.json("POST /volumes/create", { json: body });
  }

  remove(name: string, { force }: { readonly force?: boolean } = {}): Promise<void> {
    return this.#caller.send(`DELETE /volumes/${encodeName(name)}`, { query: { force } });
  }
}
