import { expect, it } from "vitest";
import { ApiError } from "#client/api-error.ts";
import { startFailure } from "./start-failure.ts";

it.each([
  [127, new ApiError(400, 'exec: "x": executable file not found in $PATH: unknown')],
  [127, new ApiError(400, "exec: /x: stat /x: no such file or directory: unknown")],
  [126, new ApiError(400, 'exec: "/etc/passwd": permission denied: unknown')],
  [126, new ApiError(400, 'exec: "/etc": is a directory: unknown')],
  [125, new ApiError(500, "driver failed programming external connectivity: port is already allocated")],
  [125, new Error("connect ENOENT: no such file or directory")],
])("exit code %i for: %s", (code, error) => {
  expect(startFailure(error).exitCode).toBe(code);
});
