import type { HttpRequest } from "#http/answer.ts";

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

const LONGEST_PASSWORD = 1024;

/** What `Authorization: Basic` says; undefined where there is none, or none that could be right. */
export function basicCredentials({ headers }: Pick<HttpRequest, "headers">): Credentials | undefined {
  const match = /^basic +([A-Za-z0-9+/=]+) *$/i.exec(String(headers["authorization"] ?? ""));
  if (match === null) return undefined;
  const text = Buffer.from(match[1] ?? "", "base64").toString("utf8");
  const colon = text.indexOf(":");
  const password = text.slice(colon + 1);
  return colon <= 0 || password.length > LONGEST_PASSWORD ? undefined : { user: text.slice(0, colon), password };
}

export function hasAuthorization({ headers }: Pick<HttpRequest, "headers">): boolean {
  return headers["authorization"] !== undefined;
}

/** Where the client sees this server: what a proxy in front of it says counts only where it is given as a flag. */
export function originOf({ headers, transport }: Pick<HttpRequest, "headers" | "transport">, publicUrl: string | undefined): string {
  return publicUrl ?? `${transport === "tls" ? "https" : "http"}://${String(headers["host"] ?? "localhost")}`;
}
