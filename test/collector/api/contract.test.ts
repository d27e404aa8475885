/**
 * Holds the API to its own description: every path of /openapi.json answers its example, and whatever else is asked gets an
 * answer that the description has, in the words of RFC 9457, and never a fault of ours.
 */
import { createHash } from "node:crypto";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import type { LightMyRequestResponse } from "fastify";
import { afterAll, describe, expect, it } from "vitest";
import type { Problem } from "../../../shared/rest.ts";
import { createExampleApi } from "./example-api.ts";
import { createIncidents } from "./example-incidents.ts";

const incidents = createIncidents();
const { app, errors } = createExampleApi({ incidents });
const guarded = createExampleApi({
  incidents,
  http: {
    host: "127.0.0.1",
    port: 0,
    tls: undefined,
    tokens: (["viewer", "admin"] as const).map((role) => ({
      name: role,
      sha256: createHash("sha256").update(role).digest("hex"),
      role,
    })),
  },
});
afterAll(async () => await Promise.all([app.close(), guarded.app.close()]));

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly schema: {
    readonly type?: string;
    readonly format?: string;
    readonly enum?: readonly string[];
    readonly minimum?: number;
    readonly maximum?: number;
    readonly minLength?: number;
    readonly maxLength?: number;
  };
}

interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly Parameter[];
  readonly security: readonly object[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

interface Description {
  readonly paths: Readonly<Record<string, { readonly get?: Operation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const description = (await app.inject("/openapi.json")).json<Description>();
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ $id: "api", components: description.components });

interface Target {
  readonly path: string;
  readonly operation: Operation;
  readonly parameters: readonly Parameter[];
  readonly media: string;
  readonly isStream: boolean;
}

const TARGETS: readonly Target[] = Object.entries(description.paths).flatMap(([path, { get: operation }]) => {
  // The one that asks for work to be done (POST) has tests of its own.
  if (operation === undefined) {
    return [];
  }
  const [media = "text/plain"] = Object.keys(operation.responses["200"]?.content ?? {});
  const parameters = operation.parameters ?? [];
  return [{ path, operation, parameters, media, isStream: media === "text/event-stream" }];
});

/** A name that is there, for each parameter of a path. */
const NAMES: Readonly<Record<string, string>> = {
  cluster: "prod-a",
  member: "m1",
  metric: "etcd_status_db_size_bytes",
  code: "DISK_FULL",
  id: incidents.id,
};

/** Query parameters without which there is no answer. */
const NEEDED: Readonly<Record<string, string>> = {
  "/api/v1/clusters/{cluster}/capture": "from=2026-11-22T03:00:00Z",
  "/api/v1/clusters/{cluster}/trends": "metric=etcd_status_db_size_bytes",
};

function fill(path: string, names: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(names[name] ?? NAMES[name] ?? "x"),
  );
}

function example(target: Target): string {
  const needed = NEEDED[target.path];
  return `${fill(target.path)}${needed === undefined ? "" : `?${needed}`}`;
}

let requests = 0;

async function ask(
  url: string,
  options: { readonly target?: Target; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<LightMyRequestResponse> {
  requests += 1;
  // A stream that is let in goes on.
  const method = options.target?.isStream === true ? "HEAD" : "GET";
  return await app.inject({ method, url, headers: options.headers ?? {} });
}

/** An answer of the description, and a problem that says what is wrong. */
function checkRefusal(answer: LightMyRequestResponse, target: Target, hasBody = true): void {
  expect(Object.keys(target.operation.responses)).toContain(String(answer.statusCode));
  expect(answer.statusCode).toBeLessThan(500);
  expect(answer.headers["content-type"]).toContain("application/problem+json");
  if (hasBody) {
    const problem = answer.json<Problem>();
    expect(problem.status).toBe(answer.statusCode);
    expect(problem.detail.length).toBeGreaterThan(5);
    expect(problem.detail.length).toBeLessThan(2000);
  }
}

/** Values that cannot be right for a parameter; each must name it. */
function wrongValues({ schema }: Parameter): readonly string[] {
  if (schema.type === "integer") {
    const { minimum = 0, maximum = 1e9 } = schema;
    return [
      "ten",
      "1.5",
      "-",
      "0x10",
      "NaN",
      String(minimum - 1),
      String(maximum + 1),
      "9".repeat(30),
      "%00",
    ];
  }
  if (schema.type === "boolean") {
    return ["perhaps", "yes", "2", "TRUE"];
  }
  if (schema.enum !== undefined) {
    return ["nope", "", schema.enum.join(","), "%F0%9F%92%A5"];
  }
  if (schema.format === "date-time") {
    return ["yesterday", "", "2026-13-01T00:00:00Z", "2026-11-22", "12:00", "1e9", "-1", "x".repeat(100)];
  }
  return schema.maxLength === undefined ? [] : ["x".repeat(schema.maxLength + 1)];
}

describe("collector/api/contract", { timeout: 60_000 }, () => {
  describe.each(TARGETS)("$path", (target) => {
    it("answers its example as it is described", async () => {
      const answer = await ask(example(target), { target });
      expect(answer.statusCode, answer.body).toBe(200);
      expect(answer.headers["content-type"]).toContain(target.media.split(";")[0]);
      expect(target.operation.summary?.length ?? 0).toBeGreaterThan(5);
      const content = target.operation.responses["200"]?.content?.[target.media] as {
        readonly schema?: { readonly $ref?: string };
      };
      const name = content.schema?.$ref?.split("/").at(-1);
      if (name !== undefined && !target.isStream) {
        const validate = ajv.getSchema(`api#/components/schemas/${name}`);
        await validate?.(answer.json());
        expect(validate?.errors ?? []).toEqual([]);
      }
    });

    it("names the parameter that is wrong", async () => {
      for (const parameter of target.parameters.filter((one) => one.in === "query")) {
        for (const value of wrongValues(parameter)) {
          const needed = NEEDED[target.path] ?? "";
          const others = needed.startsWith(`${parameter.name}=`) ? "" : `&${needed}`;
          const answer = await ask(`${fill(target.path)}?${parameter.name}=${value}${others}`);
          checkRefusal(answer, target);
          expect([answer.statusCode, answer.json<Problem>().field], `${parameter.name}=${value}`).toEqual([
            400,
            parameter.name,
          ]);
        }
      }
      const needed = NEEDED[target.path];
      const unknown = await ask(
        `${fill(target.path)}?surely_unknown=1${needed === undefined ? "" : `&${needed}`}`,
      );
      expect([unknown.statusCode, unknown.json<Problem>().field]).toEqual([400, "surely_unknown"]);
      const missing = await ask(fill(target.path), { target });
      if (needed !== undefined) {
        expect([missing.statusCode, missing.json<Problem>().field]).toEqual([400, needed.split("=")[0]]);
      }
    });

    it("knows no name that is not there", async () => {
      for (const { name } of target.parameters.filter((one) => one.in === "path")) {
        for (const value of ["nope", "...", "a/b", "%2e", "a b", "ü", "'", "x".repeat(200)]) {
          const query = NEEDED[target.path];
          const url = `${fill(target.path, { [name]: value })}${query === undefined ? "" : `?${query}`}`;
          const answer = await ask(url, { target });
          expect(answer.statusCode, url).toBe(404);
          checkRefusal(answer, target, !target.isStream);
        }
      }
    });

    it("asks for a token, and for a role", async () => {
      const status = async (token?: string): Promise<number> => {
        requests += 1;
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
        // From an address of its own: who fails too often has to wait.
        const remoteAddress = `127.1.0.${1 + TARGETS.indexOf(target)}`;
        const { statusCode } = await guarded.app.inject({
          method: "HEAD",
          url: example(target),
          headers,
          remoteAddress,
        });
        return statusCode;
      };
      const isOpen = target.operation.security.length === 0;
      expect(await status()).toBe(isOpen ? 200 : 401);
      expect(await status("unknown")).toBe(isOpen ? 200 : 401);
      expect(await status("admin")).toBe(200);
      expect([200, 403]).toContain(await status("viewer"));
    });

    it("reads and nothing else", async () => {
      for (const method of ["POST", "PUT", "DELETE", "PATCH"] as const) {
        requests += 1;
        expect((await app.inject({ method, url: example(target), payload: "{}" })).statusCode).toBe(405);
      }
    });
  });

  it("keeps to its description whatever is asked", { timeout: 120_000 }, async () => {
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.constantFrom("", "0", "-1", "null", "undefined", "[object Object]", "__proto__", "constructor"),
      fc.constantFrom(
        "../../etc/passwd",
        "%",
        "\0",
        "'; DROP TABLE frame; --",
        "<script>",
        "{{7*7}}",
        "$(id)",
      ),
      fc.constantFrom(
        "2026-11-22T03:10:00Z",
        "2026-11-22T03:00:00.000Z",
        "9999-12-31T23:59:59Z",
        "true",
        "1",
      ),
    );
    const request = fc.record({
      target: fc.constantFrom(...TARGETS),
      names: fc.dictionary(fc.constantFrom(...Object.keys(NAMES)), text, { maxKeys: 1 }),
      query: fc.array(fc.tuple(fc.oneof(fc.nat({ max: 8 }), text), text), { maxLength: 4 }),
      headers: fc.dictionary(
        fc.constantFrom(
          "if-none-match",
          "last-event-id",
          "accept",
          "accept-encoding",
          "range",
          "authorization",
        ),
        fc.string({ maxLength: 80 }),
        { maxKeys: 2 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ target, names, query, headers }) => {
        const own = target.parameters.filter((one) => one.in === "query");
        const parameters = new URLSearchParams(
          query.map(([which, value]): [string, string] => [
            typeof which === "number" ? (own[which % Math.max(1, own.length)]?.name ?? "x") : which,
            value,
          ]),
        );
        const answer = await ask(`${fill(target.path, names)}?${parameters.toString()}`, { target, headers });
        if (answer.statusCode !== 200 && answer.statusCode !== 304) {
          checkRefusal(answer, target, !target.isStream);
        }
      }),
      { numRuns: 1200 },
    );
  });

  it("stands bytes that are no URL", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 60 }), async (path) => {
        const answer = await ask(`/${encodeURI(path).replaceAll("%25", "%")}`);
        expect(answer.statusCode).toBeLessThan(500);
      }),
      { numRuns: 200 },
    );
  });

  it("was asked at least two thousand times, and found no fault of its own", () => {
    expect(requests).toBeGreaterThanOrEqual(2000);
    expect(errors).toEqual([]);
  });
});
