import { describe, expect, it } from "vitest";
import { findDebianMirror, parseAptSources } from "./apt-sources.ts";

describe("test/lab/apt-sources", () => {
  it("reads one-line sources with and without options", () => {
    const text = [
      "# deb http://old.example/debian bookworm main",
      "deb http://mirror.example/debian bookworm main contrib",
      "deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] https://other.example trixie main",
      "deb-src http://mirror.example/debian bookworm main",
    ].join("\n");
    expect(parseAptSources(text, "one-line")).toEqual([
      {
        uri: "http://mirror.example/debian",
        suites: ["bookworm"],
        components: ["main", "contrib"],
        signedBy: undefined,
      },
      {
        uri: "https://other.example",
        suites: ["trixie"],
        components: ["main"],
        signedBy: "/usr/share/keyrings/x.gpg",
      },
    ]);
  });

  it("reads deb822 stanzas, leaves out disabled ones and finds the release archive", () => {
    const text = [
      "Types: deb deb-src\nURIs: http://security.example/debian-security\nSuites: bookworm-security\nComponents: main",
      "# a comment\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\n bookworm-updates\nComponents: main\nSigned-By: /k.gpg",
      "Enabled: no\nTypes: deb\nURIs: http://off.example/debian\nSuites: trixie\nComponents: main",
    ].join("\n\n");
    const sources = parseAptSources(text, "deb822");
    expect(sources.map(({ uri }) => uri)).toEqual([
      "http://security.example/debian-security",
      "http://mirror.example/debian",
    ]);
    expect(findDebianMirror(sources)).toEqual({
      uri: "http://mirror.example/debian",
      suites: ["bookworm", "bookworm-updates"],
      components: ["main"],
      signedBy: "/k.gpg",
    });
  });
});
