/** In which form an answer comes: unchanged, compressed, as a table, as a page to read. */
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { chooseCoding } from "../../../collector/api/compress.ts";
import { renderCsv } from "../../../collector/api/csv.ts";
import { renderDocs } from "../../../collector/api/docs-page.ts";
import { createExampleApi } from "./example-api.ts";

const { app } = createExampleApi();
afterAll(() => app.close());

const CLUSTER = "/api/v1/clusters/prod-a";
const SERIES = `${CLUSTER}/series/etcd_status_db_size_bytes`;

describe("collector/api/revalidate", () => {
  it("answers 304 without a body to who holds the same content, in whatever coding", async () => {
    const first = await app.inject({ url: CLUSTER, headers: { "accept-encoding": "gzip" } });
    const { etag = "" } = first.headers;
    expect(etag).toMatch(/^W\/".{22}"$/);
    expect(first.headers["cache-control"]).toBe("private, no-cache");
    for (const known of [etag, `"other", ${etag}`, etag.replace("W/", ""), "*"]) {
      const again = await app.inject({ url: CLUSTER, headers: { "if-none-match": known } });
      expect([again.statusCode, again.body, again.headers["etag"]], known).toEqual([304, "", etag]);
    }
  });

  it("gives the whole answer to who holds another one", async () => {
    const { etag } = (await app.inject(`${CLUSTER}?at=2026-11-22T03:05:00Z`)).headers;
    const now = await app.inject({ url: CLUSTER, headers: { "if-none-match": String(etag) } });
    expect(now.statusCode).toBe(200);
    expect(now.json()).toMatchObject({ cluster: "prod-a" });
  });

  it("tags no error", async () => {
    const answer = await app.inject({ url: "/api/v1/clusters/nope", headers: { "if-none-match": "*" } });
    expect([answer.statusCode, answer.headers["etag"]]).toEqual([404, undefined]);
  });
});

describe("collector/api/compress", () => {
  it("compresses a large answer in the coding that is liked best, and says that it depends on that", async () => {
    const plain = await app.inject(SERIES);
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(plain.headers["vary"]).toBe("accept-encoding");
    const gzip = await app.inject({ url: SERIES, headers: { "accept-encoding": "gzip" } });
    expect(gzip.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(gzip.rawPayload).toString()).toBe(plain.body);
    const brotli = await app.inject({ url: SERIES, headers: { "accept-encoding": "gzip;q=0.5, br" } });
    expect(brotli.headers["content-encoding"]).toBe("br");
    expect(brotliDecompressSync(brotli.rawPayload).toString()).toBe(plain.body);
    expect(brotli.rawPayload.length).toBeLessThan(plain.rawPayload.length / 4);
  });

  it("leaves a small answer as it is", async () => {
    const answer = await app.inject({ url: "/healthz", headers: { "accept-encoding": "gzip" } });
    expect([answer.body, answer.headers["content-encoding"]]).toEqual(["ok\n", undefined]);
  });

  it.each([
    [undefined, undefined],
    ["", undefined],
    ["identity", undefined],
    ["gzip", "gzip"],
    ["gzip, br", "br"],
    ["br;q=0.1, gzip;q=0.2", "gzip"],
    ["*", "br"],
    ["br;q=0, *", "gzip"],
    ["gzip;q=0", undefined],
    ["gzip;q=nonsense", undefined],
  ])("chooses of %j %j", (accepted, coding) => {
    expect(chooseCoding(accepted)).toBe(coding);
  });
});

describe("collector/api/csv", () => {
  it("gives a metric as a table for a spreadsheet", async () => {
    const answer = await app.inject(`${SERIES}?format=csv&points=2&node=m1`);
    expect(answer.headers["content-type"]).toBe("text/csv; charset=utf-8");
    expect(answer.headers["content-disposition"]).toBe(
      'attachment; filename="etcd_status_db_size_bytes.csv"',
    );
    const [head, ...rows] = answer.body.trimEnd().split("\r\n");
    expect(head).toBe("at,node,labels,min,max,mean,last");
    expect(rows).toEqual([
      "2026-11-22T02:16:10.000Z,m1,member=m1,1000000,2000000,1500000,1600000",
      "2026-11-22T02:46:10.000Z,m1,member=m1,1000001,2001000,1500001,1600001",
    ]);
  });

  it("quotes what would be taken for a cell's end, and disarms what a spreadsheet would compute", () => {
    expect(
      renderCsv(
        ["a", "b"],
        [
          ["x,y", 'say "no"'],
          ["=1+1", -1],
          ["@cmd", "line\nbreak"],
        ],
      ),
    ).toBe(`a,b\r\n"x,y","say ""no"""\r\n'=1+1,-1\r\n'@cmd,"line\nbreak"\r\n`);
  });
});

describe("collector/api/docs-page", () => {
  it("shows every endpoint, under a policy that lets nothing but its own style in", async () => {
    const answer = await app.inject("/docs");
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["content-type"]).toContain("text/html");
    const policy = String(answer.headers["content-security-policy"]);
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(policy).not.toContain("unsafe");
    expect(answer.body).not.toMatch(/<script|src=|href="(?!#|\/openapi\.json")/);
    const { paths } = (await app.inject("/openapi.json")).json<{ readonly paths: Record<string, object> }>();
    for (const [path, methods] of Object.entries(paths)) {
      const verb = "get" in methods ? "" : "POST ";
      expect(answer.body).toContain(`<code>${verb}${path}</code>`);
    }
  });

  it("makes no markup of a text", () => {
    const page = renderDocs({
      info: { title: "<img src=x>", version: "1" },
      paths: { "/<b>": { get: { summary: "<i>", tags: ["<u>"], responses: {} } } },
      components: { schemas: { "<s>": { description: "<q>", examples: ["<p>"] } } },
    });
    expect(page).not.toMatch(/<(img|b|i|u|s|q)>/);
    expect(page).toContain("&lt;img src=x&gt;");
  });
});
