/** Writes the image of the registry to standard output, as `docker load` takes it: `scripts/with-node scripts/registry-image.ts | dhow load`. */
import { once } from "node:events";
import { registryArchive } from "./registry-image/image.ts";

if (process.stdout.isTTY) throw new Error("this writes an archive: pipe it into `dhow load`, or into a file");
if (!process.stdout.write(registryArchive())) await once(process.stdout, "drain");
