import { expect, it } from "vitest";
import { testStreams } from "../testing.ts";
import { askLine, askSecret } from "./ask.ts";

function person(): ReturnType<typeof testStreams> & { readonly modes: boolean[] } {
  const streams = testStreams({ columns: 80, rows: 24 });
  const modes: boolean[] = [];
  streams.input.isTTY = true;
  streams.input.setRawMode = (raw) => modes.push(raw);
  return Object.assign(streams, { modes });
}

it("asks for a line", async () => {
  const streams = person();
  streams.input.write("somebody\n");
  expect(await askLine(streams, "Username: ")).toBe("somebody");
  expect(streams.written.output).toBe("Username: ");
});

it.each([
  ["secret\r", "secret"],
  ["secrex\u007ft\n", "secret"],
  ["\u007f\u007fa\r", "a"],
])("takes %j without showing it, and gives the terminal back", async (typed, secret) => {
  const streams = person();
  streams.input.write(typed);
  expect(await askSecret(streams, "Password: ")).toBe(secret);
  expect(streams.written.output).toBe("Password: \n");
  expect(streams.modes).toEqual([true, false]);
});

it("ends by ctrl-c, and gives the terminal back", async () => {
  const streams = person();
  streams.input.write("sec\u0003");
  await expect(askSecret(streams, "Password: ")).rejects.toMatchObject({ category: "cancelled" });
  expect(streams.modes).toEqual([true, false]);
});

it.each([askLine, askSecret])("asks nobody where there is nobody", async (ask) => {
  await expect(ask(testStreams(), "?")).rejects.toThrow("Cannot perform an interactive login from a non TTY device");
});
