/**
 * A command again and again: on a terminal the picture is drawn anew in its place; elsewhere a look is written only when it is
 * another one than before.
 */
import { EtcdscopeError } from "../shared/errors.ts";
import type { Clock } from "../shared/clock.ts";
import { formatTimestamp } from "../shared/parse-timestamp.ts";
import type { Terminal } from "./terminal.ts";

export interface WatchOptions {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly everyMs: number;
}

export const WATCH_EVERY_MS = 2000;
const ESCAPE = "\u001b[";
const HOME = `${ESCAPE}H`;
const CLEAR_LINE = `${ESCAPE}K`;
const CLEAR_BELOW = `${ESCAPE}J`;

/** Until the signal; the exit code of the last look. A collector that is away meanwhile is told, and asked again. */
export async function watch(
  look: (terminal: Terminal) => Promise<number>,
  options: WatchOptions,
): Promise<number> {
  const { terminal, signal } = options;
  let code = 3;
  let before: string | undefined;
  if (terminal.isTerminal) {
    terminal.write(`${HOME}${CLEAR_BELOW}`);
  }
  while (!signal.aborted) {
    const taken = await takeLook(look, terminal);
    code = taken.code;
    if (terminal.isTerminal) {
      terminal.write(`${HOME}${drawOver(taken.text, options)}${CLEAR_BELOW}`);
    } else if (withoutAges(taken.text) !== before) {
      before = withoutAges(taken.text);
      terminal.write(`${formatTimestamp(options.clock.nowMs())}\n${taken.text}\n`);
    }
    await pause(options);
  }
  return code;
}

async function takeLook(
  look: (terminal: Terminal) => Promise<number>,
  terminal: Terminal,
): Promise<{ readonly text: string; readonly code: number }> {
  let text = "";
  const write = (more: string): void => {
    text += more;
  };
  try {
    const code = await look({ ...terminal, write, writeError: write });
    return { text, code };
  } catch (caught) {
    const error = EtcdscopeError.from(caught);
    // What a wait cannot mend is not worth one.
    if (!error.retryable) {
      throw caught;
    }
    return { text: `etcdscope: ${error.message}\n`, code: 3 };
  }
}

/** Each line erases what stood behind it, so that nothing flickers. */
function drawOver(text: string, { terminal, clock }: WatchOptions): string {
  const every = { en: "Ctrl-C ends", zh: "按 Ctrl-C 结束" }[terminal.language];
  const head = terminal.style("dim", `${formatTimestamp(clock.nowMs()).slice(0, 19)}Z   ${every}`);
  return `${head}\n\n${text}`.replaceAll("\n", `${CLEAR_LINE}\n`);
}

/** "4 min ago" grows without anything being another than before. */
function withoutAges(text: string): string {
  return text
    .replaceAll(/\d+ (?:d|h|min|s) ago|\d+ (?:天|小时|分钟|秒)前|now\b|刚刚/g, "·")
    .replaceAll(/\s+/g, " ");
}

function pause({ clock, signal, everyMs }: WatchOptions): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = clock.after(everyMs, end);
    signal.addEventListener("abort", end, { once: true });
    function end(): void {
      timer.cancel();
      signal.removeEventListener("abort", end);
      resolve();
    }
  });
}
