import { family, Timings } from "#lib/exposition.ts";
import type { Collected } from "../gc/collect.ts";

/** What a scrape asks of the registry when it comes. */
export interface MetricsSource {
  readonly openUploads: number;
  readonly connections: number;
}

/** The registry's figures for Prometheus. */
export class RegistryMetrics {
  readonly #requests = new Map<string, { readonly labels: Readonly<Record<string, string>>; value: number }>();
  readonly #seconds = new Timings(
    "dhow_registry_request_seconds",
    "From a request's head to the head of its answer, or to the end of what was sent.",
    "operation",
  );
  readonly #received = { value: 0 };
  readonly #sent = { value: 0 };
  readonly #collected: Collected = { manifests: 0, links: 0, blobs: 0, bytes: 0 };
  #collections = 0;
  #expired = 0;

  answered({ kind, method, status, seconds }: { kind: string; method: string; status: number; seconds: number }): void {
    // A method is the client's word: only those that there are become a label, whose number has to be bounded.
    const known = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE)$/.test(method) ? method : "other";
    const key = `${kind} ${known} ${status}`;
    const entry = this.#requests.get(key) ?? { labels: { operation: kind, method: known, status: String(status) }, value: 0 };
    entry.value++;
    this.#requests.set(key, entry);
    this.#seconds.observe(kind, seconds);
  }

  received(bytes: number): void {
    this.#received.value += bytes;
  }

  sent(bytes: number): void {
    this.#sent.value += bytes;
  }

  collected({ manifests, links, blobs, bytes }: Collected): void {
    this.#collections++;
    this.#collected.manifests += manifests;
    this.#collected.links += links;
    this.#collected.blobs += blobs;
    this.#collected.bytes += bytes;
  }

  expired(uploads: number): void {
    this.#expired += uploads;
  }

  text({ openUploads, connections }: MetricsSource): string {
    const one = (name: string, type: "counter" | "gauge", help: string, value: number): string => family(name, type, help, [{ value }]);
    return `${[
      family("dhow_registry_requests_total", "counter", "Requests, by what was asked for.", [...this.#requests.values()]),
      this.#seconds.text(),
      one("dhow_registry_received_bytes_total", "counter", "Bytes of blobs and manifests that clients have sent.", this.#received.value),
      one("dhow_registry_sent_bytes_total", "counter", "Bytes of blobs and manifests that clients were sent.", this.#sent.value),
      one("dhow_registry_uploads_open", "gauge", "Uploads that were begun and not finished.", openUploads),
      one("dhow_registry_uploads_expired_total", "counter", "Uploads that nobody went on with.", this.#expired),
      one("dhow_registry_connections", "gauge", "Open connections.", connections),
      one("dhow_registry_collections_total", "counter", "Garbage collections that were finished.", this.#collections),
      one("dhow_registry_collected_blobs_total", "counter", "Blobs that garbage collection has taken.", this.#collected.blobs),
      one("dhow_registry_collected_bytes_total", "counter", "Bytes of those.", this.#collected.bytes),
      one("dhow_registry_resident_memory_bytes", "gauge", "Resident memory of the process.", process.memoryUsage.rss()),
    ].join("\n")}\n`;
  }
}
