import { serveJobs } from "#lib/worker/jobs.ts";
import { describeError } from "../worker/job-errors.ts";
import type { CompressJob } from "./job.ts";
import { runCompressJob } from "./run-job.ts";

serveJobs((job, context) => runCompressJob(job as CompressJob, context), describeError);
