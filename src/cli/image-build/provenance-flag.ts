import type { ProvenanceMode } from "#spec/attestations.ts";
import { invalid, type Flag } from "../arguments/flag.ts";

/** `--provenance`, `--provenance=mode=max`, `--provenance=false`: as buildx writes it, and without a value, too. */
export const provenanceFlag: Flag<ProvenanceMode | undefined> = {
  help: "Attach how the image was built (SLSA; 'mode=max' with the Dockerfile and its steps)",
  initial: undefined,
  read: (given) => {
    switch (given.toLowerCase()) {
      case "true":
      case "1":
      case "min":
      case "mode=min":
        return "min";
      case "max":
      case "mode=max":
        return "max";
      case "false":
      case "0":
        return undefined;
      default:
        return invalid("want true, false, mode=min or mode=max");
    }
  },
};
