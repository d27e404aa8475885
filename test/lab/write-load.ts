/** Small writes to a lab cluster, one after the other, for as long as a fault needs somebody who writes. */

import { setTimeout as delay } from "node:timers/promises";
import type { EtcdCluster } from "./etcd-cluster.ts";

export interface WriteLoad {
  /** Settles when the last write is over. */
  stop(): Promise<void>;
}

/** Between two writes: a few a second, as a small control plane has them. */
const PAUSE_MS = 150;

export function startWrites(etcd: EtcdCluster): WriteLoad {
  let isStopped = false;
  async function write(): Promise<void> {
    for (let count = 0; !isStopped; count += 1) {
      await etcd.put(`/load/${count % 100}`, String(count));
      await delay(PAUSE_MS);
    }
  }
  const written = write();
  return {
    stop: async () => {
      isStopped = true;
      await written;
    },
  };
}
