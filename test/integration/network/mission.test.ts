import { cpSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { useFolders } from "../../support/folders.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { fetchMariadb } from "../../support/mariadb.ts";
import { freePort } from "../../support/registry.ts";

/** The example that the mission ends its chapter on networks with, with a real database and a real client of it. */
const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);
const context = useFolders();
const mariadb = fetchMariadb();

const DATABASE = `FROM ${BUSYBOX}
COPY root /
RUN mkdir -p /var/lib/mysql /run/mysqld /tmp && mariadb-install-db --user=root --datadir=/var/lib/mysql --skip-test-db --auth-root-authentication-method=normal >/dev/null
COPY init.sql /init.sql
EXPOSE 3306
CMD ["/usr/sbin/mariadbd", "--user=root", "--datadir=/var/lib/mysql", "--socket=/run/mysqld/mysqld.sock", "--init-file=/init.sql", "--innodb-buffer-pool-size=8M"]
`;
const SETUP = [
  "CREATE DATABASE IF NOT EXISTS shop;",
  "CREATE TABLE IF NOT EXISTS shop.visits (id INT AUTO_INCREMENT PRIMARY KEY, at TIMESTAMP);",
  "CREATE USER IF NOT EXISTS 'app'@'%' IDENTIFIED BY 'secret';",
  "GRANT ALL ON shop.* TO 'app'@'%';",
].join("\n");

const APP = `FROM mysql:8.0
COPY app /www/cgi-bin/visits
RUN chmod 755 /www/cgi-bin/visits
EXPOSE 3000
CMD ["httpd", "-f", "-p", "3000", "-h", "/www"]
`;
const VISIT = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
exec mariadb -h database -P 3306 -u app -psecret -N -e 'INSERT INTO shop.visits () VALUES (); SELECT COUNT(*) FROM shop.visits' 2>&1
`;

async function build(tag: string, path: string): Promise<void> {
  const built = await docker.run(["build", "-q", "-t", tag, path], { environment: { DOCKER_BUILDKIT: "0" } });
  expect([built.code, built.stderr]).toEqual([0, expect.any(String)]);
}

describe.skipIf(mariadb === undefined)("a database and an application that reaches it by its name", { timeout: 120_000 }, () => {
  it("docker run -d --name database mysql:8.0; docker run -d --name app-server -p 3000:3000 my-app:latest", async () => {
    const database = context({ Dockerfile: DATABASE, "init.sql": SETUP });
    cpSync(mariadb ?? "", join(database, "root"), { recursive: true });
    await build("mysql:8.0", database);
    await build("my-app:latest", context({ Dockerfile: APP, app: VISIT }));
    const port = await freePort();
    await docker.ok("run", "-d", "--name", "database", "-v", "my-data:/var/lib/mysql", "mysql:8.0");
    await docker.ok("run", "-d", "--name", "app-server", "-p", `${port}:3000`, "my-app:latest");
    const visit = async (): Promise<string> => await (await fetch(`http://localhost:${port}/cgi-bin/visits`)).text();
    await eventually(async () => expect(await visit()).toBe("1\n"), 60_000);
    expect(await visit()).toBe("2\n");
    // Another database with the same data, under the same name and another address.
    await docker.ok("rm", "-f", "database");
    await docker.ok("run", "-d", "--name", "squatter", BUSYBOX, "sleep", "1000");
    await docker.ok("run", "-d", "--name", "database", "-v", "my-data:/var/lib/mysql", "mysql:8.0");
    await eventually(async () => expect(await visit()).toBe("3\n"), 60_000);
    await docker.ok("rm", "-f", "database", "app-server", "squatter");
    await docker.ok("volume", "rm", "my-data");
    // And on a network of their own, over both families.
    await docker.ok("network", "create", "shop");
    await docker.ok("run", "-d", "--name", "database", "--network", "shop", "mysql:8.0");
    const ask = (address: string): Promise<string> =>
      docker.ok(
        "run",
        "--rm",
        "--network",
        "shop",
        "my-app:latest",
        "mariadb",
        "-h",
        address,
        "-u",
        "app",
        "-psecret",
        "-N",
        "-e",
        "SELECT 6 * 7",
      );
    const { IPAddress, GlobalIPv6Address } = (await daemon.api("GET", "/containers/database/json")).json.NetworkSettings.Networks.shop;
    for (const address of ["database", IPAddress, GlobalIPv6Address]) {
      await eventually(async () => expect(await ask(address as string)).toBe("42"), 60_000);
    }
    await docker.ok("rm", "-f", "database");
    await docker.ok("network", "rm", "shop");
  });
});
