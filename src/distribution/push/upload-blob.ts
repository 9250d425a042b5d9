import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import type { RegistrySession } from "../session/session.ts";
import { registryErrorOf } from "../session/registry-error.ts";
import { discard } from "../transport/body.ts";
import { isTransient } from "../transport/network-error.ts";
import { ledTo } from "../transport/redirects.ts";
import { pauseBeforeRetry, type RetryOptions } from "../transport/retry.ts";
import type { HttpResponse } from "../transport/transport.ts";

export interface UploadedBlob {
  readonly digest: Digest;
  readonly size: number;
}

/** What is uploaded: the same bytes however often it is opened. */
export interface BlobToUpload {
  /** Undefined for what is made while it is sent. */
  readonly known: UploadedBlob | undefined;
  /** From `offset` on. A piece is valid until the next is asked for. */
  open(offset: number): AsyncIterable<Uint8Array>;
  /** Of what was opened last, once it was read to its end. @throws EngineError `invalid` when it is not what it should be. */
  result(): Promise<UploadedBlob>;
}

/** So much new content makes a failure count as the first again. */
const PROGRESS_BYTES = 1024 * 1024;
const CANCEL_MS = 2000;

export interface UploadOptions {
  readonly retry: RetryOptions;
  /** Where an upload is open already. */
  readonly place?: URL | undefined;
  readonly onProgress: (bytes: number) => void;
}

/**
 * Brings a blob into the session's repository: in one request when its digest is known, as a stream when it is still being made. After a drop
 * it asks how much has arrived and goes on from there.
 *
 * @throws EngineError with the registry's words; what opening or reading the blob throws.
 */
export async function uploadBlob(
  session: RegistrySession,
  blob: BlobToUpload,
  options: UploadOptions,
  signal: AbortSignal,
): Promise<UploadedBlob> {
  const upload = new Upload(session, blob, options);
  try {
    return await upload.run(signal);
  } catch (error) {
    upload.cancel();
    throw error;
  }
}

class Upload {
  readonly #session: RegistrySession;
  readonly #blob: BlobToUpload;
  readonly #options: UploadOptions;
  #place: URL | undefined;
  /** Bytes that the registry has said it has. */
  #arrived = 0;
  #sent = 0;

  constructor(session: RegistrySession, blob: BlobToUpload, options: UploadOptions) {
    this.#session = session;
    this.#blob = blob;
    this.#options = options;
    this.#place = options.place;
  }

  async run(signal: AbortSignal): Promise<UploadedBlob> {
    const { retry } = this.#options;
    let [failures, lastFailure] = [0, 0];
    for (;;) {
      try {
        return await this.#attempt(signal);
      } catch (error) {
        if (!isTransient(error)) throw error;
        failures = this.#arrived - lastFailure >= PROGRESS_BYTES ? 1 : failures + 1;
        if (failures >= retry.attempts) throw error;
        await pauseBeforeRetry(retry, failures, signal);
        await this.#findOut(error, signal);
        lastFailure = this.#arrived;
      }
    }
  }

  /** Tells the registry to forget what it has. Nobody waits for it, and it may fail. */
  cancel(): void {
    if (this.#place === undefined) return;
    this.#session.ask({ method: "DELETE", to: this.#place }, AbortSignal.timeout(CANCEL_MS)).then(discard, () => undefined);
  }

  async #attempt(signal: AbortSignal): Promise<UploadedBlob> {
    const { known } = this.#blob;
    this.#place ??= await startUpload(this.#session, signal);
    if (known !== undefined && this.#arrived === 0) {
      await this.#put(this.#place, known, true, signal);
      return known;
    }
    if (this.#arrived !== known?.size) this.#place = await this.#patch(this.#place, signal);
    const uploaded = known ?? (await this.#blob.result());
    await this.#put(this.#place, uploaded, false, signal);
    return uploaded;
  }

  async #patch(place: URL, signal: AbortSignal): Promise<URL> {
    const { known } = this.#blob;
    const from = this.#arrived;
    // Without a range it is a stream that is appended, as Docker's clients send it.
    const headers =
      known === undefined ? {} : { "Content-Range": `${from}-${known.size - 1}`, "Content-Length": String(known.size - from) };
    const response = await this.#session.expect(
      [202, 204],
      { method: "PATCH", to: place, headers: { "Content-Type": OCTETS, ...headers }, body: () => this.#pieces(from) },
      signal,
    );
    discard(response);
    return nextPlace(response, place);
  }

  async #put(place: URL, { digest, size }: UploadedBlob, withContent: boolean, signal: AbortSignal): Promise<void> {
    const to = new URL(place);
    to.searchParams.set("digest", digest);
    const headers = { "Content-Type": OCTETS, "Content-Length": String(withContent ? size : 0) };
    const body = withContent ? { body: () => this.#pieces(0) } : {};
    discard(await this.#session.expect([201, 204], { method: "PUT", to, headers, ...body }, signal));
  }

  async *#pieces(from: number): AsyncGenerator<Uint8Array> {
    this.#sent = from;
    for await (const piece of this.#blob.open(from)) {
      yield piece;
      this.#sent += piece.length;
      this.#options.onProgress(this.#sent);
    }
  }

  /** How far it has come. An upload that the registry does not know any more is begun anew, unless its answer was all that was lost. */
  async #findOut(failure: unknown, signal: AbortSignal): Promise<void> {
    const place = this.#place;
    if (place === undefined) return;
    const state = await this.#state(place, signal);
    // Whoever cannot say so now may be able to after the next pause.
    if (state === "unreachable") return;
    const { known } = this.#blob;
    if (state !== undefined && state.arrived > Math.max(this.#sent, known?.size ?? 0)) throw failure;
    this.#place = state?.place;
    this.#arrived = state?.arrived ?? 0;
  }

  async #state(place: URL, signal: AbortSignal): Promise<{ place: URL; arrived: number } | "unreachable" | undefined> {
    try {
      const response = await this.#session.ask({ method: "GET", to: place }, signal);
      discard(response);
      if (response.status >= 500) return "unreachable";
      if (response.status !== 204 && response.status !== 202) return undefined;
      return { place: nextPlace(response, place), arrived: arrivedBytes(response) };
    } catch (error) {
      if (isEngineError(error, "cancelled")) throw error;
      return isTransient(error) ? "unreachable" : undefined;
    }
  }
}

const OCTETS = "application/octet-stream";

/** Opens an upload. @returns where it goes. */
async function startUpload(session: RegistrySession, signal: AbortSignal): Promise<URL> {
  const response = await session.expect([202], { method: "POST", to: "blobs/uploads/" }, signal);
  discard(response);
  return nextPlace(response, response.url);
}

/**
 * Has a blob appear in the session's repository that another of the same registry holds.
 *
 * @returns undefined when it is there; else where to upload it.
 */
export async function mountBlob(session: RegistrySession, digest: Digest, from: string, signal: AbortSignal): Promise<URL | undefined> {
  const query = new URLSearchParams({ mount: digest, from });
  const response = await session.ask({ method: "POST", to: `blobs/uploads/?${query.toString()}` }, signal);
  if (response.status !== 201 && response.status !== 202) throw await registryErrorOf(response, session.stallMs, signal);
  discard(response);
  return response.status === 201 ? undefined : nextPlace(response, response.url);
}

function nextPlace({ headers, url }: HttpResponse, before: URL): URL {
  if (headers.location !== undefined) return ledTo(url, headers.location);
  if (before !== url) return before;
  throw new EngineError("invalid", `${url.host} does not say where to upload to`);
}

/** `Range: 0-99` is a hundred bytes, `0-0` of an empty upload none (the specification has no word for it), or one. */
function arrivedBytes({ headers }: HttpResponse): number {
  const last = /^(?:bytes=)?0-(\d{1,15})$/.exec(headers.range ?? "")?.[1];
  return last === undefined || last === "0" ? 0 : Number(last) + 1;
}
