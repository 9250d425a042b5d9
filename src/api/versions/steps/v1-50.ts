import { ifObject, within, without } from "../json-object.ts";
import type { VersionStep } from "../step.ts";

/** What a container's configuration has beside an image's was shown there too, always empty. */
const CONTAINER_FIELDS = {
  Hostname: "",
  Domainname: "",
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: "",
};

export const v1_50: VersionStep = {
  version: [1, 50],
  ignoredQuery: { "DELETE /images/{}": ["platforms"] },
  answer: {
    "GET /info": ifObject((info) => without(info, "DiscoveredDevices")),
    "GET /images/{}/json": ifObject((image) => within(image, "Config", (config) => ({ ...CONTAINER_FIELDS, ...config }))),
  },
};
