import { createHash } from "node:crypto";
import { zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { parseCapture } from "../../../collector/capture/capture-format.ts";
import { orderFrames } from "../../../collector/capture/order-frames.ts";
import { replayCapture } from "../../../collector/capture/replay-capture.ts";
import type { ReceivedFrame } from "../../../shared/frame.ts";
import type { Finding } from "../../../shared/rest.ts";
import { captureFrames, createWorld, playStory } from "./story.ts";

const story = playStory();
const file = await captureFrames(story.frames, story);

/** The live looks of the story come at once, those of a collector 25 ms after the news, and so do those of a replay. */
function describeFinding({ code, subject, since, status }: Finding): string {
  return [code, subject.name, subject.peer, status, since.slice(0, 19)].join(" ");
}

describe("collector/capture/replay-capture", { timeout: 30_000 }, () => {
  const capture = parseCapture(file);
  const replay = replayCapture(capture, { atMs: undefined });

  it("finds what was found live, at the same times, with the same identity", () => {
    const live = [...story.live.values()].filter(({ since }) => Date.parse(since) >= story.fromMs);
    expect(live.map(({ code }) => code)).toContain("MEMBER_DOWN");
    expect(replay.findings.map(describeFinding).toSorted()).toEqual(live.map(describeFinding).toSorted());
    const down = live.find(({ code }) => code === "MEMBER_DOWN");
    expect(replay.findings.find(({ code }) => code === "MEMBER_DOWN")?.id).toBe(down?.id);
  });

  it("tells the verdicts of the span and one incident with a timeline", () => {
    expect(replay.verdicts.map(({ verdict }) => verdict)).toEqual(["healthy", "at-risk", "healthy"]);
    expect(replay.incidents.map(({ status, title }) => [status, title.en])).toEqual([
      ["resolved", "Restart of m3"],
    ]);
    expect(replay.incidents[0]?.timeline.map(({ code }) => code)).toContain("MEMBER_DOWN");
    expect(replay.capture).toMatchObject({ nodes: ["m1", "m2", "m3"], frames: story.frames.length - 3 });
  });

  it("gives the same bytes for the same file, also when its frames came in another order", async () => {
    const again = replayCapture(parseCapture(file), { atMs: undefined });
    expect(JSON.stringify(again)).toBe(JSON.stringify(replay));
    const shuffled = { ...capture, frames: capture.frames.toReversed() };
    expect(JSON.stringify(replayCapture(shuffled, { atMs: undefined }))).toBe(JSON.stringify(replay));
  });

  it("gives the cluster as it was at a moment, and refuses one outside of the span", () => {
    const atMs = story.fromMs + 20_000;
    const { state } = replayCapture(capture, { atMs });
    expect(state.verdict).toBe("at-risk");
    expect(Date.parse(state.at)).toBe(atMs);
    expect(state.openIncident).toBe(replay.incidents[0]?.id);
    expect(() => replayCapture(capture, { atMs: story.toMs + 1 })).toThrow(
      /^--at: expected a moment of the capture, /,
    );
  });
});

describe("collector/capture/capture-format", () => {
  it("gives back the frames that went in", () => {
    const { frames, header } = parseCapture(file);
    const inside = story.frames.filter(({ frame }) => frame.capturedAtMs < story.toMs);
    expect(frames).toEqual(inside);
    expect(header).toMatchObject({ cluster: "prod-a", fromMs: story.fromMs, toMs: story.toMs });
    expect(file.subarray(0, 60).toString()).toContain('"format":"etcdscope-capture","version":1');
  });

  it("says of a damaged file that it is damaged, wherever that is", () => {
    for (const share of [0.05, 0.3, 0.6, 0.9, 0.999]) {
      const at = Math.floor(file.length * share);
      const flipped = Buffer.from(file);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      expect(() => parseCapture(flipped), `byte ${at}`).toThrow(/damaged or cut short|this is none/);
      expect(() => parseCapture(file.subarray(0, at)), `cut at ${at}`).toThrow(
        /damaged or cut short|this is none/,
      );
    }
  });

  it("says so too where its checksum is right and what it holds is none", () => {
    const header = file.subarray(0, file.indexOf("\n") + 1);
    const body = Buffer.concat([header, zstdCompressSync(Buffer.alloc(20, 0xff))]);
    const sealed = Buffer.concat([body, createHash("sha256").update(body).digest()]);
    expect(() => parseCapture(sealed)).toThrow("the length of a frame cannot be read");
  });

  it("says of a newer file that a newer etcdscope is needed, and of another one that it is none", () => {
    const newer = Buffer.from(file.toString("latin1").replace('"version":1', '"version":9'), "latin1");
    expect(() => parseCapture(newer)).toThrow(
      "The capture has format 9, and this etcdscope reads up to 1: use a newer one",
    );
    for (const other of ["", "\n", "{}\n", "hello", '{"format":"tar","version":1}\nx']) {
      expect(() => parseCapture(Buffer.from(other))).toThrow("Expected a file that etcdscope capture wrote");
    }
  });

  it("lets no secret out that an agent had let through", async () => {
    const [received] = createWorld().tick();
    if (received === undefined) {
      throw new Error("Expected a frame");
    }
    const run = {
      ...received.frame.probeRuns[0],
      errorText: "GET https://root:hunter2@m1:2379 token=abcdef",
    };
    const told: ReceivedFrame = {
      ...received,
      frame: { ...received.frame, probeRuns: [run as ReceivedFrame["frame"]["probeRuns"][number]] },
    };
    const atMs = received.frame.capturedAtMs;
    const { frames } = parseCapture(await captureFrames([told], { fromMs: atMs, toMs: atMs + 1000 }));
    expect(frames[0]?.frame.probeRuns[0]?.errorText).toBe("GET https://[redacted]@m1:2379 token=[redacted]");
    expect(frames[0]?.frame.facts).toEqual(received.frame.facts);
  });
});

describe("collector/capture/redact-capture", () => {
  it("lets no secret out in the findings of the header", async () => {
    const [finding] = story.live.values();
    const told = {
      ...(finding as Finding),
      title: { en: "GET https://root:hunter2@m1:2379 failed", zh: "GET https://root:hunter2@m1:2379 失败" },
      evidence: [
        { node: "m1", source: "etcd's log", at: "", text: { en: "token=abcdef", zh: "token=abcdef" } },
      ],
    } as Finding;
    const bytes = await captureFrames(story.frames, story, { active: [told] });
    const { header } = parseCapture(bytes);
    expect(header.activeFindings[0]?.title.en).toBe("GET https://[redacted]@m1:2379 failed");
    expect(bytes.toString("latin1")).not.toMatch(/hunter2|abcdef/);
    expect(told.title.en).toContain("hunter2");
  });
});

describe("collector/capture/order-frames", () => {
  it("counts a frame from its receipt, and one that was kept from its capture on the collector's clock", () => {
    const [received] = createWorld().tick();
    if (received === undefined) {
      throw new Error("Expected a frame");
    }
    const at = (capturedAtMs: number, receivedAtMs: number, sequence: bigint): ReceivedFrame => ({
      ...received,
      receivedAtMs,
      frame: {
        ...received.frame,
        capturedAtMs,
        sequence,
        clockOffset: { offsetUs: 3_000_000, roundTripUs: 1 },
      },
    });
    const ordered = orderFrames([at(103_000, 200_000, 1n), at(153_000, 150_200, 2n)]);
    expect(
      ordered.map(({ atMs, received: { frame, receivedAtMs } }) => [atMs, receivedAtMs, frame.sequence]),
    ).toEqual([
      [100_000, 100_000, 1n],
      [150_200, 150_200, 2n],
    ]);
  });
});
