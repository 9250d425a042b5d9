import type { Logger } from "#lib/logger.ts";
import type { UploadStore } from "../../uploads/contract.ts";
import type { RegistryStorage } from "../contract.ts";
import { Bucket } from "./bucket.ts";
import type { S3Options } from "./options.ts";
import { S3Storage } from "./s3-storage.ts";
import { S3Uploads } from "./s3-uploads.ts";

/** Everything of a registry that is in a bucket. @throws EngineError `unavailable` when it is not there, or not for us. */
export async function openBucket(
  deps: { readonly logger: Logger },
  options: S3Options,
): Promise<{ readonly storage: RegistryStorage; readonly uploads: UploadStore }> {
  const bucket = await Bucket.open(deps, options);
  return { storage: new S3Storage(bucket, options), uploads: new S3Uploads(bucket, options) };
}
