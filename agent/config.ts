/** The agent's configuration as the rest of the agent sees it: complete, frozen, durations in milliseconds. */

export interface TlsPaths {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface AgentConfig {
  readonly cluster: string;
  readonly node: string;
  /** host:port of each collector. */
  readonly collectors: readonly string[];
  readonly tls: TlsPaths;
  readonly etcd: {
    /** Which etcd, when several run here. */
    readonly name: string | undefined;
    readonly dataDir: string | undefined;
    readonly endpoint: string | undefined;
    /** Client certificate towards etcd; undefined: the member's own. */
    readonly tls: TlsPaths | undefined;
    readonly logs: string;
  };
  /** Addresses of other members by name, where the member list does not give them. */
  readonly peers: Readonly<Record<string, string>>;
  readonly backups: { readonly dir: string; readonly maxAgeMs: number } | undefined;
  readonly intervals: { readonly fastMs: number; readonly normalMs: number; readonly slowMs: number };
  readonly fsyncProbe: { readonly enabled: boolean; readonly intervalMs: number };
  readonly spool: { readonly dir: string; readonly maxBytes: number; readonly maxAgeMs: number };
  readonly log: { readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal" };
}
