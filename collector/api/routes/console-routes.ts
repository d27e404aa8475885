/** Serves the console at "/": static files under a strict policy. Its data comes from the API, which asks for the token. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { addEndpoint } from "../api-context.ts";
import { createConsoleFiles, type ConsoleFile } from "../console-files.ts";

/** Everything from the collector itself, nothing inline; no place in the page takes text as markup or script. */
const CONSOLE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

/** The names of assets carry a hash of their content. */
const FOREVER = "public, max-age=31536000, immutable";
const ASK_FIRST = "no-cache";

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>etcdscope</title>
<h1>The console has not been built</h1>
<p>In the checkout of etcdscope, run <code>npm run console</code>, then load this page again.</p>
<p lang="zh">控制台尚未构建：在 etcdscope 的代码目录中运行 <code>npm run console</code>，然后刷新本页。</p>
<p>The API is there: <a href="api/v1/clusters">every cluster</a>, <a href="openapi.json">all endpoints</a>.</p>
</html>
`;

export function addConsoleRoutes(app: FastifyInstance, folder: string): void {
  const files = createConsoleFiles(folder);

  addEndpoint(
    app,
    { path: "/", summary: "The console", tag: "service", produces: "text/html" },
    async (request, reply) => {
      void reply.header("content-security-policy", CONSOLE_POLICY);
      const file = files.find("index.html");
      return file === undefined
        ? reply.type("text/html; charset=utf-8").serializer(String).send(NOT_BUILT)
        : sendFile(request, reply, { file, cacheControl: ASK_FIRST });
    },
  );

  app.get("/assets/:name", { schema: { hide: true } }, async (request, reply) => {
    const { name } = request.params as { readonly name: string };
    const file = files.find(`assets/${name}`);
    if (file === undefined) {
      const message = `No asset "${name.slice(0, 128)}" in this build of the console; load the page again`;
      throw new EtcdscopeError("NOT_FOUND", message);
    }
    return sendFile(request, reply, { file, cacheControl: FOREVER });
  });
}

interface Sending {
  readonly file: ConsoleFile;
  readonly cacheControl: string;
}

function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { file, cacheControl }: Sending,
): FastifyReply {
  void reply.headers({ etag: file.etag, "cache-control": cacheControl, vary: "accept-encoding" });
  if (request.headers["if-none-match"] === file.etag) {
    return reply.code(304).send();
  }
  const accepted = String(request.headers["accept-encoding"] ?? "");
  void reply.type(file.type);
  if (file.brotli !== undefined && /\bbr\b/.test(accepted)) {
    return reply.header("content-encoding", "br").send(file.brotli);
  }
  if (file.gzip !== undefined && /\bgzip\b/.test(accepted)) {
    return reply.header("content-encoding", "gzip").send(file.gzip);
  }
  return reply.send(file.body);
}
