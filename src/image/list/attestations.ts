import { imagePackageUrl, IN_TOTO_TYPE, PREDICATE_ANNOTATION, statementOf, type Subject } from "#spec/attestations.ts";
import type { Descriptor } from "#spec/oci-image/types.ts";
import type { Platform } from "#spec/platform.ts";
import { familiarName } from "#spec/reference.ts";
import type { ContentStore } from "#store/content/contract.ts";
import { digestOf, type Image } from "../record/image.ts";
import type { ImageStore } from "../record/image-store.ts";
import { resolveImage } from "../record/resolve.ts";

export interface AttestationsInput {
  readonly name: string;
  readonly platform: Platform | undefined;
  /** Predicate types; none is all. */
  readonly types: readonly string[];
}

export interface FoundAttestation {
  readonly descriptor: Descriptor;
  readonly predicateType: string;
  /** The in-toto statement, to the byte. */
  readonly statement: Buffer;
}

const LARGEST = 256 * 1024 * 1024;

/** What is said of an image that was built here. @throws EngineError `not-found`. */
export async function attestationsOf(
  { images, content }: { readonly images: ImageStore; readonly content: Pick<ContentStore, "read"> },
  { name, platform, types }: AttestationsInput,
): Promise<FoundAttestation[]> {
  const image = resolveImage(images, name, platform);
  const wanted = images.attestations.of(image.id).filter(({ predicateType }) => types.length === 0 || types.includes(predicateType));
  return await Promise.all(
    wanted.map(async ({ predicateType, digest }) => {
      const statement = statementOf(predicateType, await content.read(digest, LARGEST), subjectsOf(image));
      const annotations = { [PREDICATE_ANNOTATION]: predicateType };
      const descriptor = { mediaType: IN_TOTO_TYPE, digest: digestOf(statement), size: statement.length, annotations };
      return { descriptor, predicateType, statement };
    }),
  );
}

/** The manifests that it has in registries; one that was never pushed is known by its id alone. */
function subjectsOf({ id, references, config }: Image): Subject[] {
  const pushed = references.flatMap((reference) =>
    reference.digest === undefined ? [] : [{ name: imagePackageUrl(familiarName(reference), undefined, config), digest: reference.digest }],
  );
  return pushed.length > 0 ? pushed : [{ name: id, digest: id }];
}
