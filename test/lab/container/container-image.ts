/** An image as `docker save` writes one: a single layer of a few files of this machine, enough for a program and its libraries. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createTar, type PackedFile } from "../../../shared/tar.ts";
import { mustRun } from "../run-command.ts";

export interface ContainerImage {
  /** "registry/name:tag" */
  readonly name: string;
  /** Path in the image, without the leading slash → file of this machine. */
  readonly files: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

/** Paths of the image → the libraries that a program of this machine is linked to, its loader among them. */
export async function listLibraries(program: string): Promise<Readonly<Record<string, string>>> {
  const linked = await mustRun(["ldd", program]);
  const paths = [...linked.matchAll(/(?:^|\s)(\/\S+) \(0x/gm)].map((match) => match[1] ?? "");
  return Object.fromEntries(paths.map((path) => [path.slice(1), path]));
}

export function writeImage(path: string, { name, files, command }: ContainerImage): void {
  const layer = createTar(
    [
      ...Object.entries(files).map(([at, from]) => ({ path: at, mode: 0o755, content: readFileSync(from) })),
      ...["tmp/", "etc/"].map((at) => ({ path: at, mode: 0o755, content: new Uint8Array() })),
    ],
    0,
  );
  const diffId = `sha256:${createHash("sha256").update(layer).digest("hex")}`;
  const config = JSON.stringify({
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: { Cmd: command, Env: ["PATH=/usr/local/bin:/usr/bin:/bin"], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: [diffId] },
  });
  const manifest = JSON.stringify([{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }]);
  const entries: PackedFile[] = [
    { path: "manifest.json", mode: 0o644, content: Buffer.from(manifest) },
    { path: "config.json", mode: 0o644, content: Buffer.from(config) },
    { path: "layer.tar", mode: 0o644, content: layer },
  ];
  writeFileSync(path, createTar(entries, 0));
}
