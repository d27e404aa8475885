/** Probes whose last answer is stale when etcd is found, gone or another: for the agent, and for a look without a collector. */
export const STALE_AFTER_DISCOVERY: readonly string[] = [
  "process",
  "flags",
  "status",
  "members",
  "certificate",
  "filesystem",
  "metrics",
  "listening",
  // what ended between two ticks may have been noticed before it was gone for good: its last lines are not yet read then
  "logs",
  "start",
  "process_end",
];
