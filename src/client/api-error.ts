/** What the daemon said to a request that it refused, or that failed. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** The answer's status, 404 and the like; 500 for an error in the middle of a stream that names none. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
