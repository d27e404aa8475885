/** The two packages, and what of the project goes into each. */

export type Architecture = "amd64" | "arm64";

/** Debian's name of an architecture to Node's. */
export const NODE_ARCHITECTURE: Readonly<Record<Architecture, "x64" | "arm64">> = {
  amd64: "x64",
  arm64: "arm64",
};

export interface Variant {
  readonly name: "etcdscope-agent" | "etcdscope-collector";
  readonly service: "agent" | "collector";
  readonly summary: string;
  readonly description: string;
  /** Below systemd/. */
  readonly unit: string;
  readonly sysusers: string;
  readonly tmpfiles: string;
  readonly example: string;
  /** With better-sqlite3 and the console. */
  readonly isServer: boolean;
  /** Of two installed side by side, the command is the one that can do more. */
  readonly commandPriority: number;
  /** Of its configuration. */
  readonly manual: string;
}

export const VARIANTS: readonly Variant[] = [
  {
    name: "etcdscope-agent",
    service: "agent",
    summary: "watches the etcd of this node and says what is wrong with it",
    description:
      "Reads etcd, its disk, its network and its machine without touching any, and reports to a collector.",
    unit: "etcdscope-agent.service",
    sysusers: "etcdscope-agent.sysusers",
    tmpfiles: "etcdscope-agent.tmpfiles",
    example: "agent.yaml",
    isServer: false,
    commandPriority: 10,
    manual: "etcdscope-agent.yaml.5",
  },
  {
    name: "etcdscope-collector",
    service: "collector",
    summary: "judges etcd clusters from what agents see, and keeps their history",
    description: "Receives from agents, finds root causes, answers by REST and a console, and sends alerts.",
    unit: "etcdscope-collector.service",
    sysusers: "etcdscope-collector.sysusers",
    tmpfiles: "etcdscope-collector.tmpfiles",
    example: "collector.yaml",
    isServer: true,
    commandPriority: 20,
    manual: "etcdscope-collector.yaml.5",
  },
];
