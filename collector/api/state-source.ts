/** What the API asks of the rest of the collector about the present and the past. Wired in collector.ts. */
import type {
  BackupDirectoryReport,
  CertificateReport,
  ClusterState,
  ClusterSummary,
  DataComparison,
  Diagnosis,
  Finding,
  FlagReport,
  LinkReport,
  Runbook,
} from "../../shared/rest.ts";
import type { CaptureRequest } from "../capture/write-capture.ts";

export interface StateSource {
  /** Sorted worst first, then by name. */
  clusters(): readonly ClusterSummary[];
  hasCluster(cluster: string): boolean;
  /** The cluster now. */
  state(cluster: string): ClusterState | undefined;
  /** The cluster as it was; undefined when the history holds nothing of it then. */
  stateAt(cluster: string, atMs: number): Promise<ClusterState | undefined>;
  connectivity(cluster: string, atMs: number | undefined): Promise<readonly LinkReport[]>;
  certificates(cluster: string, atMs: number | undefined): Promise<readonly CertificateReport[]>;
  backups(cluster: string, atMs: number | undefined): Promise<readonly BackupDirectoryReport[]>;
  flags(cluster: string, atMs: number | undefined): Promise<readonly FlagReport[]>;
  /** The decision tree; undefined when there is nothing to walk it by. */
  diagnosis(cluster: string, atMs: number | undefined): Promise<Diagnosis | undefined>;
  /** For the cluster as it is now. Throws NOT_FOUND for an unknown code or member. */
  runbook(cluster: string, request: { readonly code: string; readonly member: string | undefined }): Runbook;
  /** Has one agent compare what all members store. Throws UNAVAILABLE with the reason when that cannot be afforded now. */
  compareData(cluster: string): DataComparison;
  findings(cluster: string, fromMs: number, toMs: number): Promise<readonly Finding[]>;
  /** The recorded frames as a file, piece by piece; undefined: there are none in the span. */
  capture(request: CaptureRequest): Promise<AsyncIterable<Buffer> | undefined>;
  /** Whether frames can be made durable now, and why not. */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
}
