import { compareSync } from "bcryptjs";
import { serveJobs } from "#lib/worker/jobs.ts";
import type { CompareJob } from "./passwords.ts";

serveJobs(
  (job) => compareSync((job as CompareJob).password, (job as CompareJob).hash),
  (error) => String(error),
);
