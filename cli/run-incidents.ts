/** `etcdscope incidents [ID]` and `etcdscope report [ID]`: what happened, as a list, a page or a draft to send. */
import { writeFileSync } from "node:fs";
import { EtcdscopeError } from "../shared/errors.ts";
import type { Incident, IncidentSummary } from "../shared/rest-incident.ts";
import { getAll, resolveCluster } from "./ask-options.ts";
import type { CollectorClient } from "./collector-client.ts";
import type { Terminal } from "./terminal.ts";
import { renderIncident, renderIncidentList } from "./view/render-incidents.ts";

export interface IncidentsRequest {
  readonly cluster: string | undefined;
  readonly id: string | undefined;
  readonly json: boolean;
}

export async function runIncidents(
  client: CollectorClient,
  request: IncidentsRequest,
  terminal: Terminal,
): Promise<number> {
  const cluster = await resolveCluster(client, request.cluster);
  if (request.id === undefined) {
    const incidents = await listIncidents(client, cluster);
    terminal.write(
      request.json
        ? `${JSON.stringify({ cluster, incidents }, null, 2)}\n`
        : renderIncidentList({ cluster, incidents }, terminal),
    );
    return 0;
  }
  const incident = await client.get<Incident>(`${pathOf(cluster)}/${encodeURIComponent(request.id)}`);
  terminal.write(
    request.json ? `${JSON.stringify(incident, null, 2)}\n` : renderIncident(incident, terminal),
  );
  return 0;
}

export interface ReportRequest extends IncidentsRequest {
  readonly format: string;
  readonly output: string | undefined;
}

/** Of the newest incident when none is named. */
export async function runReport(
  client: CollectorClient,
  request: ReportRequest,
  terminal: Terminal,
): Promise<number> {
  const cluster = await resolveCluster(client, request.cluster);
  const id = request.id ?? (await listIncidents(client, cluster))[0]?.id;
  if (id === undefined) {
    throw new EtcdscopeError("NOT_FOUND", `There was no incident of ${cluster} in the last 30 days`);
  }
  const format = request.json ? "json" : request.format;
  const path = `${pathOf(cluster)}/${encodeURIComponent(id)}/report`;
  const text = await client.getText(path, { format, lang: terminal.language });
  const shown = format === "json" ? `${JSON.stringify(JSON.parse(text), null, 2)}\n` : text;
  if (request.output === undefined) {
    terminal.write(shown);
    return 0;
  }
  try {
    writeFileSync(request.output, shown);
  } catch (cause) {
    const message = `-o: expected a file that can be written: ${request.output}`;
    throw new EtcdscopeError("ARGUMENT_INVALID", message, { cause, field: "-o" });
  }
  terminal.writeError(`${request.output}\n`);
  return 0;
}

function pathOf(cluster: string): string {
  return `/api/v1/clusters/${encodeURIComponent(cluster)}/incidents`;
}

async function listIncidents(client: CollectorClient, cluster: string): Promise<readonly IncidentSummary[]> {
  return await getAll<IncidentSummary>(client, pathOf(cluster), { key: "incidents", query: {} });
}
