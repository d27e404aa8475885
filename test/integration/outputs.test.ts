/** What leaves the collector, taken by the real receivers: Alertmanager, Prometheus, and a webhook that checks the signature. */
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CollectorConfig } from "../../collector/config.ts";
import { createOutputs, type Outputs } from "../../collector/output/outputs.ts";
import { systemClock } from "../../shared/clock.ts";
import { sampleFinding } from "../collector/output/sample-finding.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { startAlertmanager, startPrometheus, type Receiver } from "../lab/receivers.ts";
import { waitFor } from "../lab/wait-for.ts";

const STARTS_WITHIN_MS = 120_000;
const IN_TIME = { timeoutMs: 20_000 };
const SECRET = "a key of both sides";
const TARGET = { minSeverity: "warning", ca: undefined, tokenFile: undefined } as const;

interface Listed {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly fingerprint: string;
}

async function getJson<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

describe("test/integration/outputs", () => {
  const running: Receiver[] = [];
  const outputs: Outputs[] = [];
  let because = "";
  let dir = "";

  beforeAll(async () => {
    dir = await createRunFolder();
    for (const start of [startAlertmanager, startPrometheus]) {
      const receiver = await start(dir);
      if (receiver.kind === "unavailable") {
        ({ because } = receiver);
        return;
      }
      running.push(receiver);
    }
  }, STARTS_WITHIN_MS);

  afterAll(async () => {
    outputs.forEach((one) => one.stop());
    await Promise.all(running.map(async (receiver) => await receiver.stop()));
    await removeFolderWithMounts(dir);
  });

  function createSide(config: Partial<Pick<CollectorConfig, "alerts" | "remoteWrite">>): Outputs {
    const side = createOutputs({
      config: { alerts: { alertmanager: [], webhook: [] }, remoteWrite: [], ...config },
      clock: systemClock,
      log: pino({ level: "silent" }),
    });
    outputs.push(side);
    side.start();
    return side;
  }

  it("shows one alert for a pair of collectors, and ends it", async (context) => {
    const [alertmanager] = running;
    if (alertmanager === undefined || because !== "") {
      context.skip(because);
      return;
    }
    const alerts = { alertmanager: [{ ...TARGET, url: `${alertmanager.url}/` }], webhook: [] };
    const pair = [createSide({ alerts }), createSide({ alerts })];
    const since = new Date(systemClock.nowMs()).toISOString();
    const list = async (): Promise<Listed[]> =>
      await getJson<Listed[]>(`${alertmanager.url}/api/v2/alerts?filter=code="DISK_FULL"`);
    pair.forEach((side, index) =>
      side.observe({
        cluster: "prod-a",
        active: [
          sampleFinding({ id: `000000000000000${index}`, since, rootCause: index === 0 }),
          sampleFinding({ code: "DB_FRAGMENTED", severity: "info", since }),
        ],
        resolved: [],
      }),
    );
    await waitFor(
      "both have told",
      () => pair.every(({ counters }) => counters.alertmanager.sentTotal > 0),
      IN_TIME,
    );
    const [alert, ...others] = await list();
    expect(others).toEqual([]);
    expect(alert?.labels).toMatchObject({ alertname: "EtcdscopeDiskFull", cluster: "prod-a", member: "m3" });
    expect(alert?.annotations["summary_zh"]).toBe("prod-a: 磁盘已满");
    expect(await getJson(`${alertmanager.url}/api/v2/alerts?filter=code="DB_FRAGMENTED"`)).toEqual([]);

    pair.forEach((side) => side.observe({ cluster: "prod-a", active: [], resolved: [] }));
    await waitFor("the alert is over", async () => (await list()).length === 0, IN_TIME);
  });

  it("writes samples that Prometheus gives back", async (context) => {
    const prometheus = running[1];
    if (prometheus === undefined) {
      context.skip(because);
      return;
    }
    const side = createSide({ remoteWrite: [{ ...TARGET, url: `${prometheus.url}/api/v1/write` }] });
    const nowMs = systemClock.nowMs();
    side.takeFrames(
      [2000, 1000].map((agoMs) => ({
        agent: { cluster: "prod-a", node: "m1" },
        instanceId: "i",
        agentVersion: "0",
        receivedAtMs: nowMs,
        frame: {
          sequence: 1n,
          capturedAtMs: nowMs - agoMs,
          monotonicUs: 0,
          keyframe: false,
          samples: [{ key: 'etcdscope_try{to="m\\"2"}', value: agoMs }],
          facts: [],
          events: [],
          probeRuns: [],
          droppedTotal: 0n,
          clockOffset: undefined,
        },
      })),
    );
    interface Answer {
      readonly data: {
        readonly result: readonly { readonly metric: object; readonly value: [number, string] }[];
      };
    }
    const ask = async (): Promise<Answer["data"]["result"]> =>
      (await getJson<Answer>(`${prometheus.url}/api/v1/query?query=etcdscope_try`)).data.result;
    await waitFor("the series is there", async () => (await ask()).length > 0, IN_TIME);
    const [found] = await ask();
    expect(found?.metric).toEqual({ __name__: "etcdscope_try", cluster: "prod-a", node: "m1", to: 'm"2' });
    expect(found?.value[1]).toBe("1000");
    expect(side.counters.remote_write).toEqual({ sentTotal: 2, failuresTotal: 0, droppedTotal: 0 });
  });

  it("delivers a signed webhook again until it is taken", async () => {
    const bodies: string[] = [];
    let isFirst = true;
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const body = Buffer.concat(parts).toString("utf8");
        const [, seconds, hex] =
          /^t=(\d+),v1=(\w+)$/.exec(String(request.headers["x-etcdscope-signature"])) ?? [];
        const isOurs =
          hex ===
          createHmac("sha256", SECRET)
            .update(`${seconds ?? ""}.${body}`)
            .digest("hex");
        if (isOurs && !isFirst) {
          bodies.push(body);
        }
        response.writeHead(isFirst ? 503 : isOurs ? 204 : 403).end();
        isFirst = false;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const secretFile = join(dir, "webhook.key");
    writeFileSync(secretFile, `${SECRET}\n`);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const side = createSide({
      alerts: { alertmanager: [], webhook: [{ ...TARGET, url, secretFile, template: undefined }] },
    });
    side.observe({ cluster: "prod-a", active: [sampleFinding()], resolved: [] });
    side.observe({ cluster: "prod-a", active: [], resolved: [] });
    await waitFor("both are delivered", () => bodies.length === 2, IN_TIME);
    server.close();
    expect(bodies.map((body) => (JSON.parse(body) as { event: string }).event)).toEqual([
      "opened",
      "resolved",
    ]);
    expect(side.counters.webhook).toEqual({ sentTotal: 2, failuresTotal: 1, droppedTotal: 0 });
  });
});
