import { expect, test } from "vitest";
import { logAttributes, type LogSubject } from "./attributes.ts";
import type { LogOptions } from "./options.ts";

const subject: LogSubject = {
  id: "0123456789abcdef",
  name: "web",
  imageId: "fedcba9876543210",
  imageName: "nginx:1",
  command: "nginx -g x",
  labels: { app: "shop & more", tier: "front", "com.example": "1" },
  env: ["MODE=a=b", "EMPTY=", "BROKEN", "MORE=x"],
};

test.each<[LogOptions, string]>([
  [{}, ""],
  [{ labels: "app,nope" }, "app=shop+%26+more"],
  [{ labels: "tier", env: "MODE,EMPTY,BROKEN" }, "EMPTY=,MODE=a%3Db,tier=front"],
  [{ "labels-regex": "^(tier|com\\.)" }, "com.example=1,tier=front"],
  [{ "env-regex": "^MO" }, "MODE=a%3Db,MORE=x"],
  [{ tag: "" }, ""],
  [{ tag: "{{.Name}}/{{ .ID }}/{{.FullID}}" }, "tag=web%2F0123456789ab%2F0123456789abcdef"],
  [{ tag: "{{.ImageName}} {{.ImageID}} {{.ImageFullID}} {{.DaemonName}}" }, "tag=nginx%3A1+fedcba987654+fedcba9876543210+docker"],
  [{ tag: "(it's) {{.Command}}" }, "tag=%28it%27s%29+nginx+-g+x"],
])("%j", (options, expected) => {
  expect(logAttributes(options, subject)).toBe(expected);
});
