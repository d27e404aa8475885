/** The thread that prepares blocks and roll-ups. It reads only; the writer's thread stores what it made. */
import { EtcdscopeError } from "../../shared/errors.ts";
import { createCompactor, type Compactor } from "./compactor.ts";
import { openForReading, type Db } from "./database.ts";
import { serveCalls } from "./serve-calls.ts";
import type { CompactorCalls } from "./worker-protocol.ts";

let opened: { readonly db: Db; readonly compactor: Compactor } | undefined;

serveCalls<CompactorCalls>({
  open: ({ path }) => {
    const db = openForReading(path);
    opened = { db, compactor: createCompactor(db) };
    return undefined;
  },
  plan: (request) => {
    if (opened === undefined) {
      throw new EtcdscopeError("STORAGE_FAILED", "History is not open", { reason: "not_open" });
    }
    const work = opened.compactor.plan(request);
    return { work, troubles: opened.compactor.takeTroubles() };
  },
  close: () => {
    opened?.db.close();
    opened = undefined;
    return undefined;
  },
});
