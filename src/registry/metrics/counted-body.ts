import type { HttpRequest } from "#http/answer.ts";

/** The same request, whose body is counted as it is read. */
export function countedBody(request: HttpRequest, count: (bytes: number) => void): HttpRequest {
  return {
    method: request.method,
    target: request.target,
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    transport: request.transport,
    peer: request.peer,
    // Made only for who asks.
    get signal() {
      return request.signal;
    },
    get body() {
      return counted(request.body, count);
    },
    json: () => request.json(),
  };
}

async function* counted(body: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    count(chunk.length);
    yield chunk;
  }
}
