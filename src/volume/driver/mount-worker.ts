import { serveJobs } from "#lib/worker/jobs.ts";
import type { MountJob } from "./mount-job.ts";
import { reasonOf, runMountJob } from "./run-mount-job.ts";

serveJobs((job) => runMountJob(job as MountJob), reasonOf);
