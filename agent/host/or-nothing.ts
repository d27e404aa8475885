/** For a file that may or may not be there, or be somebody else's: only that it could not be looked at in time is a failure. */
import { EtcdscopeError } from "../../shared/errors.ts";

/** undefined: not there, or not ours to read. Rejects with TIMED_OUT. */
export async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (caught) {
    const error = EtcdscopeError.from(caught);
    if (error.code === "TIMED_OUT") {
      throw error;
    }
    return undefined;
  }
}
