import { describe, expect, it } from "vitest";
import { watch } from "../../cli/watch.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { createManualClock } from "../agent/manual-clock.ts";
import { createPlainTerminal, type PlainTerminal } from "./plain-terminal.ts";

/** Looks that write these texts, one a round; the watch ends after the last. */
async function watchTexts(
  texts: readonly (string | Error)[],
  terminal: PlainTerminal,
): Promise<{ readonly code: number; readonly output: string }> {
  const clock = createManualClock(Date.parse("2026-11-22T03:00:00.000Z"));
  const controller = new AbortController();
  let round = 0;
  const ended = watch(
    async (own) => {
      const text = texts[round] ?? "";
      round += 1;
      if (round === texts.length) {
        controller.abort();
      }
      if (text instanceof Error) {
        throw text;
      }
      own.write(text);
      return round % 2;
    },
    { terminal, clock, signal: controller.signal, everyMs: 2000 },
  );
  // Told at the end, below.
  ended.catch(() => undefined);
  for (let step = 0; step < texts.length; step += 1) {
    await clock.advance(2000);
  }
  return { code: await ended, output: terminal.output() };
}

describe("cli/watch", () => {
  it("draws over the picture on a terminal, and gives the last look's exit code", async () => {
    const { code, output } = await watchTexts(
      ["one\n", "two\n", "three\n"],
      createPlainTerminal({ isTerminal: true }),
    );
    expect(code).toBe(1);
    expect(output.split("\u001b[H")).toHaveLength(5);
    expect(output).toContain("three\u001b[K\n\u001b[J");
  });

  it("writes a look only when it is another one, elsewhere", async () => {
    const { output } = await watchTexts(
      ["down   4 s ago\n", "down   6 s ago\n", "up\n", "up\n"],
      createPlainTerminal(),
    );
    expect(output).toBe("2026-11-22T03:00:00.000Z\ndown   4 s ago\n\n2026-11-22T03:00:04.000Z\nup\n\n");
  });

  it("goes on while the collector is away, and ends on what a wait cannot mend", async () => {
    const away = new EtcdscopeError("UNAVAILABLE", "No answer from the collector");
    const { output } = await watchTexts([away, "up\n"], createPlainTerminal());
    expect(output).toContain("etcdscope: No answer from the collector");
    expect(output).toContain("up\n");
    const wrong = new EtcdscopeError("UNAUTHENTICATED", "The token is not known");
    await expect(watchTexts([wrong, "up\n"], createPlainTerminal())).rejects.toThrow("not known");
  });
});
