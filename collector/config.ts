/** The collector's configuration as the rest of the collector sees it: complete, frozen, durations in milliseconds. */

export interface TlsPaths {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Users of the API prove themselves by token; `ca` only completes the chain that is served. */
export interface HttpTlsPaths {
  readonly ca: string | undefined;
  readonly cert: string;
  readonly key: string;
}

export interface TokenConfig {
  readonly name: string;
  /** Lower-case hex SHA-256 of the token. */
  readonly sha256: string;
  readonly role: "viewer" | "admin";
}

export interface CollectorConfig {
  readonly grpc: { readonly host: string; readonly port: number; readonly tls: TlsPaths };
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly tls: HttpTlsPaths | undefined;
    /** None: only loopback may be listened on. */
    readonly tokens: readonly TokenConfig[];
  };
  readonly history: {
    readonly path: string;
    readonly rawMs: number;
    readonly rollupsMs: number;
    readonly maxBytes: number;
    readonly aroundIncidentsMs: number;
  };
  /** Profile and single thresholds that differ from it, by name; the names are in collector/diagnosis/thresholds.ts. */
  readonly thresholds: {
    readonly profile: "default" | "strict" | "relaxed";
    readonly overrides: Readonly<Record<string, number>>;
  };
  readonly clusters: Readonly<Record<string, { readonly voters: number | undefined }>>;
  readonly alerts: { readonly alertmanager: readonly string[]; readonly webhook: readonly string[] };
  readonly remoteWrite: readonly string[];
  readonly log: { readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal" };
}
