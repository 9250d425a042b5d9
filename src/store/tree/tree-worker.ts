import { serveJobs } from "#lib/worker/jobs.ts";
import { bytePathOf } from "#lib/byte-path.ts";
import { describeError } from "../worker/job-errors.ts";
import { copyFolder } from "./copy-folder.ts";
import { contentOfFolder, measureFolder } from "./measure-folder.ts";
import { removeFolder } from "./remove-folder.ts";
import { runSubvolumeJob } from "./run-subvolume-job.ts";
import type { TreeJob } from "./tree-job.ts";

serveJobs((job) => run(job as TreeJob), describeError);

function run(job: TreeJob): number | undefined {
  switch (job.kind) {
    case "remove":
      removeFolder(bytePathOf(job.folder));
      return undefined;
    case "measure":
      return measureFolder(bytePathOf(job.folder));
    case "content":
      return contentOfFolder(bytePathOf(job.folder));
    case "copy":
      copyFolder(bytePathOf(job.from), bytePathOf(job.to));
      return undefined;
    default:
      return runSubvolumeJob(job);
  }
}
