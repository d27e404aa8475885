/** The API over the example's states, at the example's time. */
import type { FastifyInstance } from "fastify";
import { createApi, type ApiOptions } from "../../../collector/api/create-api.ts";
import { createEventHub } from "../../../collector/api/stream/event-hub.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { HistoryDoor } from "../../../collector/history/history-door.ts";
import { createOutputCounters } from "../../../collector/output/output-counters.ts";
import { createIngestCounters } from "../../../collector/ingest/counters.ts";
import type { IncidentSource } from "../../../collector/api/incident-source.ts";
import { createHistoryDouble, createSource, NOW_MS } from "./example-source.ts";

export interface LoggedError {
  readonly fields: object;
  readonly sentence: string;
}

export interface ExampleApi {
  readonly app: FastifyInstance;
  readonly errors: readonly LoggedError[];
}

/** A cluster to which nothing has happened. */
const NO_INCIDENTS: IncidentSource = {
  list: async () => [],
  find: async () => undefined,
  notes: async () => [],
  movers: async (cluster) => ({ cluster, from: "", to: "", movers: [], unknown: [] }),
  canStop: () => undefined,
};

const EXAMPLE_CLOCK: Clock = {
  nowMs: () => NOW_MS,
  monotonicUs: () => 0,
  after: () => ({ cancel: () => undefined }),
};

export function createExampleApi(change: Partial<ApiOptions> = {}): ExampleApi {
  const errors: LoggedError[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (fields: object, sentence: string) => void errors.push({ fields, sentence }),
    child: () => log,
  };
  const app = createApi({
    source: createSource(),
    incidents: NO_INCIDENTS,
    history: createHistoryDouble() as HistoryDoor,
    events: createEventHub({ clock: EXAMPLE_CLOCK, stateOf: () => undefined }),
    http: { host: "127.0.0.1", port: 0, tls: undefined, tokens: [] },
    clock: EXAMPLE_CLOCK,
    log,
    ingestMetrics: createIngestCounters(),
    outputMetrics: createOutputCounters(),
    consoleFolder: "/nonexistent",
    ...change,
  });
  return { app, errors };
}
