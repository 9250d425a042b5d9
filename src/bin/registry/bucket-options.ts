import type { RegistryCollectValues } from "#cli/registry-values.ts";
import { isLoopback } from "#config/values/host-address.ts";
import { EngineError } from "#errors/engine-error.ts";
import { partBytesFor, type S3Options } from "#registry/storage/s3/options.ts";

/** S3's own limit of an object. */
const LARGEST_OBJECT = 5 * 1024 ** 4;

/**
 * The bucket that `--storage` names; undefined where there is none. Credentials are never flags: a list of processes shows these.
 *
 * @param blobBytes most bytes of a blob; undefined where none is written.
 * @throws EngineError `invalid` that names the flag.
 */
export function bucketOf(
  values: RegistryCollectValues & { readonly insecure?: boolean },
  blobBytes: number | undefined,
): S3Options | undefined {
  const { storage, "s3-endpoint": endpoint, "s3-region": region, "s3-virtual-hosts": virtualHosts } = values;
  if (storage === undefined) {
    if (endpoint !== undefined || region !== undefined || virtualHosts) throw invalid("the --s3-… flags belong to --storage s3://BUCKET");
    return undefined;
  }
  const [, bucket, prefix = ""] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9!_.*'()/-]*))?$/.exec(storage) ?? [];
  if (bucket === undefined) throw invalid(`--storage ${JSON.stringify(storage)} is not s3://BUCKET or s3://BUCKET/PREFIX`);
  if (blobBytes !== undefined && blobBytes > LARGEST_OBJECT) throw invalid("--max-blob-size is more than a bucket takes: 5t at most");
  const path = prefix.replace(/^\/+|\/+$/g, "");
  return {
    bucket,
    prefix: path === "" ? "" : `${path}/`,
    endpoint: endpoint === undefined ? undefined : endpointOf(endpoint, values.insecure === true),
    region,
    pathStyle: endpoint !== undefined && !virtualHosts,
    partBytes: partBytesFor(blobBytes ?? 0),
  };
}

function endpointOf(text: string, insecure: boolean): URL {
  const url = URL.parse(text);
  const isFine = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" && url.search === "";
  if (!isFine) throw invalid("--s3-endpoint is not a URL such as https://s3.example.com (credentials belong into the environment)");
  if (url.protocol === "http:" && !insecure && !isLoopback(url.hostname.replace(/^\[|\]$/g, ""))) {
    throw invalid(`--s3-endpoint ${url.origin}: images would be sent, and could be changed, in the clear; want https, or say --insecure`);
  }
  return url;
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
