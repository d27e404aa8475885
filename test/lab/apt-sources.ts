/** Reads apt's source files, one-line and deb822, to learn which Debian mirror this machine uses. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly signedBy: string | undefined;
}

/** `deb [options] URI suite component…` */
function parseOneLine(line: string): AptSource | undefined {
  const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(line.trim());
  if (!match) {
    return undefined;
  }
  const [, options = "", uri = "", suite = "", components = ""] = match;
  return {
    uri,
    suites: [suite],
    components: components.split(/\s+/).filter(Boolean),
    signedBy: /signed-by=(\S+)/i.exec(options)?.[1],
  };
}

function parseStanza(stanza: string): AptSource[] {
  const fields = new Map<string, string>();
  let key = "";
  for (const line of stanza.split("\n").filter((text) => !text.startsWith("#"))) {
    const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (field) {
      key = (field[1] ?? "").toLowerCase();
      fields.set(key, field[2] ?? "");
    } else if (key && /^\s/.test(line)) {
      fields.set(key, `${fields.get(key) ?? ""}\n${line.trim()}`);
    }
  }
  function words(name: string): string[] {
    return (fields.get(name) ?? "").split(/\s+/).filter(Boolean);
  }
  if (!words("types").includes("deb") || fields.get("enabled")?.trim().toLowerCase() === "no") {
    return [];
  }
  const signedBy = fields.get("signed-by")?.trim();
  return words("uris").map((uri) => ({
    uri,
    suites: words("suites"),
    components: words("components"),
    signedBy: signedBy?.startsWith("/") ? signedBy : undefined,
  }));
}

export function parseAptSources(text: string, form: "one-line" | "deb822"): readonly AptSource[] {
  if (form === "deb822") {
    return text.split(/\n\s*\n/).flatMap(parseStanza);
  }
  return text.split("\n").flatMap((line) => parseOneLine(line) ?? []);
}

/** The archive itself rather than its security or third-party neighbours: the source that offers a plain Debian release. */
export function findDebianMirror(sources: readonly AptSource[]): AptSource | undefined {
  const releases = /^(bullseye|bookworm|trixie|forky|sid|stable|testing|oldstable|unstable)$/;
  return sources.find(
    ({ suites, components }) => components.includes("main") && suites.some((suite) => releases.test(suite)),
  );
}

export function readAptSources(etcApt = "/etc/apt"): readonly AptSource[] {
  const parts = join(etcApt, "sources.list.d");
  const files = [
    join(etcApt, "sources.list"),
    ...(existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : []),
  ];
  return files
    .filter((file) => existsSync(file) && /\.(list|sources)$/.test(file))
    .flatMap((file) =>
      parseAptSources(readFileSync(file, "utf8"), file.endsWith(".sources") ? "deb822" : "one-line"),
    );
}
