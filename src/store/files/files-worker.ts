import { serveJobs } from "#lib/worker/jobs.ts";
import { PrivateMounts } from "#sys/mounts/private-mounts.ts";
import { describeError } from "../worker/job-errors.ts";
import type { FilesJob } from "./job.ts";
import { runFilesJob } from "./run-job.ts";

const mounts = new PrivateMounts();

serveJobs((job, context) => runFilesJob(job as FilesJob, mounts, context), describeError);
