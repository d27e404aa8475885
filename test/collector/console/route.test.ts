import { describe, expect, it } from "vitest";
import { formatRoute, parseRoute } from "../../../collector/console/route/route.ts";

describe("collector/console/route", () => {
  it("reads path and choices", () => {
    expect(parseRoute("#/clusters/prod-a/trends?at=2026-11-22T03:12:09.000Z")).toEqual({
      path: ["clusters", "prod-a", "trends"],
      query: { at: "2026-11-22T03:12:09.000Z" },
    });
    expect(parseRoute("")).toEqual({ path: [], query: {} });
    expect(parseRoute("#/")).toEqual({ path: [], query: {} });
  });

  it("gives back what it was given, whatever the names are", () => {
    for (const name of ["prod a", "a/b", "生产", "100%", "<b>", "a?b=c&d#e"]) {
      const link = formatRoute(["clusters", name], { at: "2026-11-22T03:12:09.000Z", metric: name });
      expect(parseRoute(link)).toEqual({
        path: ["clusters", name],
        query: { at: "2026-11-22T03:12:09.000Z", metric: name },
      });
    }
  });

  it("leaves out what is not chosen, and keeps times legible", () => {
    expect(formatRoute(["clusters", "a"], { at: undefined })).toBe("#/clusters/a");
    expect(formatRoute([], {})).toBe("#/");
    expect(formatRoute(["x"], { at: "2026-11-22T03:12:09Z" })).toBe("#/x?at=2026-11-22T03:12:09Z");
  });

  it("survives an address that somebody broke", () => {
    expect(parseRoute("#/clusters/%E0%A4%A/x").path).toEqual(["clusters", "%E0%A4%A", "x"]);
  });
});
