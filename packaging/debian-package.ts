/** A .deb from a tree of files: control data, checksums and maintainer scripts around it. Pure. */
import { createHash } from "node:crypto";
import { createAr, createTar, gzip, type PackedFile } from "../shared/tar.ts";
import type { Architecture, Variant } from "./variants.ts";

export interface DebianRequest {
  readonly variant: Variant;
  readonly architecture: Architecture;
  readonly version: string;
  readonly mtimeSeconds: number;
  readonly files: readonly PackedFile[];
  /** preinst, postinst, prerm, postrm → text, with its placeholders. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Newest form of the history that this version can read. */
  readonly schemaVersion: number;
}

export function createDebianPackage(request: DebianRequest): Uint8Array {
  const { files, mtimeSeconds } = request;
  const control: PackedFile[] = [
    { path: "./control", mode: 0o644, content: Buffer.from(renderControl(request)) },
    { path: "./md5sums", mode: 0o644, content: Buffer.from(renderSums(files)) },
    ...Object.entries(request.scripts).map(([name, text]) => ({
      path: `./${name}`,
      mode: 0o755,
      content: Buffer.from(fillIn(text, request)),
    })),
  ];
  const placed = files.map((file) => ({ ...file, path: `./${file.path}` }));
  return createAr(
    [
      ["debian-binary", Buffer.from("2.0\n")],
      ["control.tar.gz", gzip(createTar(control, mtimeSeconds))],
      ["data.tar.gz", gzip(createTar(placed, mtimeSeconds))],
    ],
    mtimeSeconds,
  );
}

function renderControl({ variant, architecture, version, files }: DebianRequest): string {
  const bytes = files.reduce((total, { content }) => total + content.length, 0);
  return [
    `Package: ${variant.name}`,
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    "Maintainer: etcdscope <etcdscope@localhost>",
    `Installed-Size: ${Math.ceil(bytes / 1024)}`,
    // What Node's own binary is linked to; sysusers and tmpfiles come with systemd.
    "Depends: libc6 (>= 2.28), libstdc++6 (>= 8), systemd",
    "Section: admin",
    "Priority: optional",
    `Description: ${variant.summary}`,
    ` ${variant.description}`,
    "",
  ].join("\n");
}

function renderSums(files: readonly PackedFile[]): string {
  return files
    .filter(({ linkTo }) => linkTo === undefined)
    .map(({ path, content }) => `${createHash("md5").update(content).digest("hex")}  ${path}\n`)
    .sort((one, other) => (one.slice(34) < other.slice(34) ? -1 : 1))
    .join("");
}

function fillIn(text: string, { variant, schemaVersion }: DebianRequest): string {
  return text
    .replaceAll("@PACKAGE@", variant.name)
    .replaceAll("@SERVICE@", variant.service)
    .replaceAll("@UNIT@", variant.unit)
    .replaceAll("@PRIORITY@", String(variant.commandPriority))
    .replaceAll("@SCHEMA@", String(schemaVersion));
}
