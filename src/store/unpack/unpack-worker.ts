import { serveJobs } from "#lib/worker/jobs.ts";
import { ThreadRoot } from "#sys/files/chroot.ts";
import { describeError } from "../worker/job-errors.ts";
import type { UnpackJob } from "./job.ts";
import { runUnpackJob } from "./run-job.ts";

const root = new ThreadRoot();

serveJobs((job, context) => runUnpackJob(job as UnpackJob, root, context), describeError);
