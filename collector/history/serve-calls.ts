/** The worker's end of its calls: answers each in the order in which they came, and never dies of one that fails. */
import { parentPort, type MessagePort, type Transferable } from "node:worker_threads";
import { EtcdscopeError } from "../../shared/errors.ts";
import { translateSqliteError } from "./database.ts";
import type { AnswerMessage, CallMessage } from "./worker-protocol.ts";

type OutputOf<Call> = Call extends { readonly output: infer Output } ? Output : never;
type InputOf<Call> = Call extends { readonly input: infer Input } ? Input : never;

/** One function a call. Synchronous: SQLite is. */
export type Handlers<Calls> = {
  readonly [Name in keyof Calls]: (input: InputOf<Calls[Name]>) => OutputOf<Calls[Name]>;
};

/** Serves until the thread ends. */
export function serveCalls<Calls>(handlers: Handlers<Calls>): void {
  const port = parentPort;
  if (port === null) {
    throw new EtcdscopeError("INTERNAL", "Expected to run in a worker thread");
  }
  const byName = new Map(Object.entries(handlers) as [string, (input: unknown) => unknown][]);
  port.on("message", (message: CallMessage) => answer(port, message, byName.get(message.name)));
}

function answer(
  port: MessagePort,
  message: CallMessage,
  handler: ((input: unknown) => unknown) | undefined,
): void {
  const { id } = message;
  try {
    if (handler === undefined) {
      throw new EtcdscopeError("INTERNAL", "Expected a call that this thread knows");
    }
    const output = handler(message.input);
    port.postMessage({ id, kind: "done", output } satisfies AnswerMessage, buffersOf(output));
  } catch (error) {
    const { code, message: text, reason } = translateSqliteError(error);
    port.postMessage({ id, kind: "failed", code, message: text, reason } satisfies AnswerMessage);
  }
}

/** Typed arrays at the top of an answer are handed over instead of copied. */
function buffersOf(output: unknown): Transferable[] {
  const parts = ArrayBuffer.isView(output)
    ? [output]
    : typeof output === "object" && output !== null
      ? Object.values(output).filter((part) => ArrayBuffer.isView(part))
      : [];
  return parts.map((part) => part.buffer).filter((buffer) => buffer instanceof ArrayBuffer);
}
