import { expect, test } from "vitest";
import { readEnvironment } from "./env.ts";

test("systemd's sockets are ours only when it says so", () => {
  const sockets = { LISTEN_FDS: "2", LISTEN_FDNAMES: "a.socket:b.socket" };
  expect(readEnvironment({ ...sockets, LISTEN_PID: "7" }, 7).listenFds).toEqual([
    { fd: 3, name: "a.socket" },
    { fd: 4, name: "b.socket" },
  ]);
  expect(readEnvironment({ ...sockets, LISTEN_PID: "8" }, 7).listenFds).toEqual([]);
  expect(readEnvironment({ LISTEN_PID: "7", LISTEN_FDS: "nonsense" }, 7).listenFds).toEqual([]);
});

test("empty is absent", () => {
  const environment = readEnvironment(
    { HOME: "/h", DOCKER_TLS_VERIFY: "", DOCKER_CERT_PATH: "", HTTP_PROXY: "", http_proxy: "http://p", NOTIFY_SOCKET: "" },
    1,
  );
  expect(environment).toMatchObject({
    certPath: "/h/.docker",
    tlsVerify: false,
    notifySocket: undefined,
    proxies: { http: "http://p", https: undefined },
  });
});
