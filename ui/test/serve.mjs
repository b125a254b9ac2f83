// SPDX-License-Identifier: Apache-2.0
// node test/serve.mjs [HOSTS [PORT]]: the built page with a made-up cluster behind it, as overlayd serves it. For tests,
// and for who works on the page.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { cluster, event } from "./synthetic.mjs";

const page = new URL("../dist/index.html", import.meta.url);

/** Resolves to {url, data, tell, close}; `data` may be changed, `tell` sends an event. */
export async function serve(data, port = 0) {
  const html = await readFile(page, "utf8");
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)[1];
  const streams = new Set();
  let told = 0;
  const server = createServer((request, response) => {
    const path = request.url.split("?")[0];
    if (path === "/ui") {
      response
        .writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy })
        .end(html);
    } else if (path === "/ui/data.json") {
      response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(out.data));
    } else if (path === "/ui/events") {
      response.writeHead(200, { "Content-Type": "application/x-ndjson" });
      response.flushHeaders();
      for (let id = 1; id <= told; id++) response.write(JSON.stringify(event(id)) + "\n");
      streams.add(response);
      response.on("close", () => streams.delete(response));
    } else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  const out = {
    url: `http://127.0.0.1:${server.address().port}/ui`,
    data,
    tell() {
      told++;
      for (const stream of streams) stream.write(JSON.stringify(event(told)) + "\n");
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return out;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const served = await serve(cluster(Number(process.argv[2] ?? 50)), Number(process.argv[3] ?? 8080));
  setInterval(() => served.tell(), 3000);
  console.log(served.url);
}
