/** What the outputs count of themselves, by kind; live. */

export interface OutputCounters {
  /** Alerts, deliveries or samples that were taken. */
  sentTotal: number;
  /** Requests that failed; they are tried again. */
  failuresTotal: number;
  /** What was let go because a queue was full or the receiver refused it. */
  droppedTotal: number;
}

export const OUTPUT_KINDS = ["alertmanager", "webhook", "remote_write"] as const;
export type OutputKind = (typeof OUTPUT_KINDS)[number];

export function createOutputCounters(): Readonly<Record<OutputKind, OutputCounters>> {
  const create = (): OutputCounters => ({ sentTotal: 0, failuresTotal: 0, droppedTotal: 0 });
  return { alertmanager: create(), webhook: create(), remote_write: create() };
}
