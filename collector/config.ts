/** The collector's configuration as the rest of the collector sees it: complete, frozen, durations in milliseconds. */

export interface TlsPaths {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** What the collector needs to give nodes their certificates. */
export interface EnrolPaths {
  readonly ca: string;
  /** Of the authority. */
  readonly key: string;
  /** Seals join tokens. */
  readonly joinKey: string;
  /** Which tokens were used; written by the collector. */
  readonly used: string;
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

/** A receiver outside: an Alertmanager, a webhook, a store of metrics. */
export interface OutputTarget {
  readonly url: string;
  /** Findings below it are not told. */
  readonly minSeverity: "info" | "warning" | "critical";
  /** Authority of its certificate; undefined: the machine's. */
  readonly ca: string | undefined;
  /** Holds a bearer token. */
  readonly tokenFile: string | undefined;
}

export interface WebhookTarget extends OutputTarget {
  /** Holds the key that deliveries are signed with. */
  readonly secretFile: string | undefined;
  /** Body with `{{path}}` for values; undefined: the whole document. */
  readonly template: string | undefined;
}

export interface CollectorConfig {
  readonly grpc: {
    readonly host: string;
    readonly port: number;
    readonly tls: TlsPaths;
    /** Lists certificates that are not believed any more. */
    readonly revoked: string | undefined;
    /** undefined: nodes get their certificates some other way. */
    readonly enrol: EnrolPaths | undefined;
  };
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
  readonly alerts: {
    readonly alertmanager: readonly OutputTarget[];
    readonly webhook: readonly WebhookTarget[];
  };
  readonly remoteWrite: readonly OutputTarget[];
  readonly log: { readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal" };
}
