import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { readAgents } from "./agents.ts";
import { readOutputs } from "./outputs.ts";

const terminal = Object.assign(new PassThrough(), { isTTY: true });
const places = { currentFolder: "/here", output: new PassThrough(), errors: new PassThrough() };

it.each<[string, string, object, boolean]>([
  ["dir/of/mine", "local", {}, true],
  ["-", "tar", {}, true],
  ["type=local,dest=x", "local", {}, true],
  ["type=tar", "tar", {}, true],
  ['type=oci,dest=a.tar,"name=a,b"', "oci", { name: "a,b" }, true],
  ["type=docker", "docker", {}, false],
  ["type=docker,dest=d.tar", "docker", {}, true],
  ["type=image,name=x", "image", { name: "x" }, false],
])("reads %s", (text, type, attributes, isTaken) => {
  const { outputs, takers } = readOutputs([text], places);
  expect(outputs).toEqual([{ Type: type, Attrs: attributes }]);
  expect(takers.has(0)).toBe(isTaken);
});

it.each([
  [["type=local"], "type=local needs a folder"],
  [["type=local,dest=-"], "type=local needs a folder"],
  [["dest=x"], "type is required"],
  [["type=image,dest=x"], "type=image has no destination"],
  [["type=oci,tar=false"], "type=oci,tar=false needs a folder"],
  [["-", "type=tar"], "only one output can go to stdout"],
  [["type=tar,dest"], 'invalid value "dest": want key=value'],
  [["type=tar,type=oci"], "type is given more than once"],
  [['type=tar,"'], "quotes do not match"],
])("refuses %j", (texts, message) => {
  expect(() => readOutputs(texts, places)).toThrow(message);
});

it("writes no archive to a terminal", () => {
  expect(() => readOutputs(["-"], { ...places, output: terminal })).toThrow("refusing to write an archive to a terminal");
});

it.each([
  [["default=/etc/passwd"], "/etc/passwd is no agent's socket: keys are not read, add them to an agent (ssh-add /etc/passwd)"],
  [["default"], "SSH_AUTH_SOCK is not set"],
  [["git=/no/such/socket"], "there is no socket /no/such/socket"],
])("refuses the agent %j", (texts, message) => {
  expect(() => readAgents(texts, { environment: {}, currentFolder: "/" })).toThrow(message);
});
