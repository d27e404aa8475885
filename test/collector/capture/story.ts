/** A cluster whose leader is killed and comes back, as frames; and what was found live meanwhile. */
import type { KnownNode } from "../../../collector/capture/facts-at-start.ts";
import { writeCapture } from "../../../collector/capture/write-capture.ts";
import { DEFAULT_THRESHOLDS } from "../../../collector/diagnosis/thresholds.ts";
import type { ReceivedFrame } from "../../../shared/frame.ts";
import type { Finding } from "../../../shared/rest.ts";
import { COMMANDS } from "../../scenario/commands.ts";
import { World } from "../../scenario/world.ts";
import { Play } from "../incident/play.ts";

/** Keeps the frames that it plays. */
export class RecordingPlay extends Play {
  readonly recorded: ReceivedFrame[];

  constructor() {
    super();
    this.recorded = [];
    const tick = this.world.tick.bind(this.world);
    this.world.tick = () => {
      const frames = tick();
      this.recorded.push(...frames);
      return frames;
    };
  }
}

export interface Story {
  readonly frames: readonly ReceivedFrame[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly live: ReadonlyMap<string, Finding>;
}

export function playStory(): Story {
  const play = new RecordingPlay();
  // The frames before are what the margin of a capture holds.
  play.run(60);
  const fromMs = play.world.nowMs;
  play.run(5).run(25, "kill m3").run(30, "start m3");
  return { frames: play.recorded, fromMs, toMs: play.world.nowMs - 1000, live: play.findings };
}

/** The frames of a capture as a history would give them. */
export async function captureFrames(
  frames: readonly ReceivedFrame[],
  span: { readonly fromMs: number; readonly toMs: number },
  other: { readonly active?: readonly Finding[]; readonly silent?: readonly KnownNode[] } = {},
): Promise<Buffer> {
  const pieces = await writeCapture(
    { cluster: "prod-a", ...span },
    {
      nowMs: span.toMs,
      thresholds: DEFAULT_THRESHOLDS,
      expectedVoters: undefined,
      readFrames: async (_cluster, fromMs, toMs) =>
        frames.filter(({ frame }) => frame.capturedAtMs >= fromMs && frame.capturedAtMs < toMs),
      readFindings: async () => other.active ?? [],
      readFactsAt: async () => other.silent ?? [],
      forgottenAfterMs: Infinity,
    },
  );
  const chunks: Buffer[] = [];
  for await (const piece of pieces ?? []) {
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}

/** A world without a story, for frames of one's own making. */
export function createWorld(): World {
  const world = new World();
  COMMANDS["voters"]?.(world, ["m1", "m2", "m3"]);
  return world;
}
