import { serveJobs } from "#lib/worker/jobs.ts";
import { describeError } from "#store/worker/job-errors.ts";
import type { BuildJob } from "./job.ts";
import { runBuildJob } from "./run-job.ts";

serveJobs((job, context) => runBuildJob(job as BuildJob, context), describeError);
