import { describe, expect, it } from "vitest";
import {
  drawArc,
  FRAME_SIZE,
  orderMembers,
  placeMembers,
} from "../../../collector/console/quorum/layout-quorum.ts";
import { findLink, toneOfLink } from "../../../collector/console/quorum/link-tone.ts";
import type { LinkReport } from "../../../shared/rest.ts";

const LINK: LinkReport = {
  from: "m1",
  to: "m2",
  port: "peer",
  tcp: "ok",
  tls: "ok",
  http: "ok",
  rttMs: 0.4,
  loss: null,
  state: "up",
  why: { en: "", zh: "" },
  since: null,
};

describe("collector/console/quorum", () => {
  it("keeps members in the drawing and apart, from one to seven", () => {
    for (let count = 1; count <= 7; count += 1) {
      const names = Array.from({ length: count }, (_, index) => `m${index + 1}`);
      const places = [...placeMembers(names, FRAME_SIZE).values()];
      for (const [index, { x, y }] of places.entries()) {
        expect(x).toBeGreaterThanOrEqual(FRAME_SIZE.disc);
        expect(x).toBeLessThanOrEqual(FRAME_SIZE.width - FRAME_SIZE.disc);
        expect(y).toBeGreaterThanOrEqual(FRAME_SIZE.disc);
        expect(y).toBeLessThanOrEqual(FRAME_SIZE.height - FRAME_SIZE.disc - 20);
        for (const other of places.slice(index + 1)) {
          expect(Math.hypot(other.x - x, other.y - y), `${count} members`).toBeGreaterThan(
            2 * FRAME_SIZE.disc + 12,
          );
        }
      }
    }
  });

  it("puts the members of a group side by side", () => {
    expect(orderMembers(["m1", "m2", "m3", "m4", "m5"], [["m1", "m3", "m5"], ["m2"]])).toEqual([
      "m1",
      "m3",
      "m5",
      "m2",
      "m4",
    ]);
  });

  it("bows the two directions of a link apart", () => {
    const there = drawArc({ x: 0, y: 0 }, { x: 200, y: 0 }, 30);
    const back = drawArc({ x: 200, y: 0 }, { x: 0, y: 0 }, 30);
    expect(Math.abs(there.middle.y - back.middle.y)).toBeGreaterThan(20);
  });

  it("judges a link by its peer port, and calls a slow one so", () => {
    const client = { ...LINK, port: "client", state: "down" } as const;
    expect(findLink([client, LINK], "m1", "m2")).toBe(LINK);
    expect(findLink([client], "m1", "m2")).toBe(client);
    expect(toneOfLink(undefined)).toBe("unknown");
    expect(toneOfLink(LINK)).toBe("ok");
    expect(toneOfLink({ ...LINK, rttMs: 80 })).toBe("warn");
    expect(toneOfLink({ ...LINK, loss: 0.05 })).toBe("warn");
    expect(toneOfLink({ ...LINK, state: "down" })).toBe("bad");
  });
});
