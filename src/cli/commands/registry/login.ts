import { text as readText } from "node:stream/consumers";
import { text, toggle, type ValuesOf } from "../../arguments/flag.ts";
import { UsageError } from "../../arguments/usage-error.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { credentialKey, registryOf } from "../../connection/credentials.ts";
import { keepCredential } from "../../connection/keep-credentials.ts";
import { write } from "../../streams.ts";
import { askLine, askSecret } from "../../terminal/ask.ts";

const flags = {
  username: text("Username", { short: "u" }),
  password: text("Password or Personal Access Token (PAT)", { short: "p" }),
  "password-stdin": toggle("Take the Password or Personal Access Token (PAT) from stdin"),
};

export const login = defineCommand({ flags, arguments: { usage: "[SERVER]", least: 0, most: 1 }, interspersed: true, run });

async function run(cli: Cli, values: ValuesOf<typeof flags>, [server = ""]: readonly string[]): Promise<number> {
  const { streams, client } = cli;
  const registry = registryOf(server);
  const { username, password } = await credentialOf(cli, values);
  const answer = await client.system.login({ username, password, serveraddress: credentialKey(registry) });
  const identityToken = answer.IdentityToken === undefined || answer.IdentityToken === "" ? undefined : answer.IdentityToken;
  const file = await keepCredential(cli, registry, { username, password, identityToken });
  if (file !== undefined) {
    await write(streams.errors, `\nWARNING! Your credentials are stored unencrypted in '${file}'.\n`);
    await write(
      streams.errors,
      "Configure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n",
    );
  }
  await write(streams.output, `${answer.Status ?? "Login Succeeded"}\n`);
  return 0;
}

async function credentialOf(
  { streams }: Cli,
  values: ValuesOf<typeof flags>,
): Promise<{ readonly username: string; readonly password: string }> {
  const { username, password, "password-stdin": fromStdin } = values;
  if (password !== undefined && fromStdin) throw new UsageError("--password and --password-stdin are mutually exclusive");
  if (fromStdin) {
    if (username === undefined) throw new UsageError("Must provide --username with --password-stdin");
    return { username, password: (await readText(streams.input)).replace(/\r?\n$/, "") };
  }
  if (password !== undefined) await write(streams.errors, "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
  const name = username ?? (await askLine(streams, "Username: "));
  if (name === "") throw new UsageError("username is required");
  const secret = password ?? (await askSecret(streams, "Password: "));
  if (secret === "") throw new UsageError("password is required");
  return { username: name, password: secret };
}
