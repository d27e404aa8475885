/** `etcdscope bundle`: one redacted archive for a support case, with a checksum of every part and the reason of what is not in it. */
import { createHash } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { formatTimestamp } from "../../shared/parse-timestamp.ts";
import { createTar, gzip } from "../../shared/tar.ts";
import { ETCDSCOPE_VERSION } from "../../shared/version.ts";
import type { Terminal } from "../terminal.ts";
import { collectParts, type Collected, type CollectRequest } from "./collect-parts.ts";

export interface BundleRequest extends Omit<CollectRequest, "nowMs"> {
  readonly output: string;
  readonly clock: Clock;
}

/** The folder that everything lies in. */
const FOLDER = "etcdscope-bundle";

export async function runBundle(request: BundleRequest, terminal: Terminal): Promise<number> {
  const nowMs = request.clock.nowMs();
  const collected = await collectParts({ ...request, nowMs });
  const archive = packBundle(collected, nowMs);
  writeWhole(request.output, archive);
  const { parts, missing } = collected;
  const isChinese = terminal.language === "zh";
  terminal.write(
    isChinese
      ? `${request.output}\n  ${parts.length} 个文件，${archive.length} 字节；密钥和令牌不会写入，名称、地址和路径会保留\n`
      : `${request.output}\n  ${parts.length} parts, ${archive.length} bytes; no key and no token is in it, names, addresses and paths are\n`,
  );
  for (const { path, because } of missing) {
    terminal.write(isChinese ? `  缺少 ${path}：${because}\n` : `  without ${path}: ${because}\n`);
  }
  return 0;
}

/** The same bytes for the same parts and time. */
export function packBundle({ parts, missing }: Collected, nowMs: number): Uint8Array {
  const listed = parts.map(({ path, content }) => ({
    path,
    bytes: content.length,
    sha256: createHash("sha256").update(content).digest("hex"),
  }));
  const manifest = {
    format: "etcdscope-bundle",
    version: 1,
    madeAt: formatTimestamp(nowMs),
    madeBy: ETCDSCOPE_VERSION,
    parts: listed,
    missing,
  };
  const sums = listed.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join("");
  const files = [
    ...parts,
    { path: "MANIFEST.json", content: Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`) },
    { path: "SHA256SUMS", content: Buffer.from(sums) },
  ];
  const tar = createTar(
    files.map(({ path, content }) => ({ path: `${FOLDER}/${path}`, mode: 0o600, content })),
    Math.floor(nowMs / 1000),
  );
  return gzip(tar);
}

/** Whole or not at all, and for the one who made it. */
function writeWhole(file: string, bytes: Uint8Array): void {
  const part = `${file}.part`;
  try {
    writeFileSync(part, bytes, { mode: 0o600 });
    renameSync(part, file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new EtcdscopeError(
      "ARGUMENT_INVALID",
      `-o: expected a file that can be written (${code}): ${file}`,
      { cause, field: "-o" },
    );
  } finally {
    rmSync(part, { force: true });
  }
}
