import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An index for pip with one wheel in it. */
export class WheelIndex {
  readonly #server: Server;
  readonly #folder = mkdtempSync(join(tmpdir(), "wheels-"));
  readonly #wheel = join(this.#folder, "greeting-1.0-py3-none-any.whl");

  constructor() {
    this.#server = createServer(({ url = "" }, response) => this.#answer(url, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/simple`;
  }

  async start(): Promise<void> {
    const files = {
      "greeting.py": "text = 'from a wheel'\n",
      "greeting-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n",
      "greeting-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
      "greeting-1.0.dist-info/RECORD": "",
    };
    const zip =
      "import json,sys,zipfile\nwith zipfile.ZipFile(sys.argv[1],'w') as z:\n  for n,t in json.load(sys.stdin).items(): z.writestr(n,t)";
    const made = spawnSync("python3", ["-c", zip, this.#wheel], { input: JSON.stringify(files), encoding: "utf8" });
    if (made.status !== 0) throw new Error(made.stderr);
    await new Promise<void>((resolve) => void this.#server.listen(0, "127.0.0.1", resolve));
  }

  #answer(url: string, response: ServerResponse): void {
    const page = `<a href="/greeting-1.0-py3-none-any.whl">greeting-1.0-py3-none-any.whl</a>`;
    if (url.endsWith(".whl")) response.end(readFileSync(this.#wheel));
    else if (url === "/simple/greeting/") response.setHeader("content-type", "text/html").end(page);
    else response.writeHead(404).end();
  }

  close(): void {
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
