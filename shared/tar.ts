/** Tar, ar and gzip as bytes that depend on nothing but their content: sorted, root:root, one time for everything. Pure. */
import { gzipSync } from "node:zlib";

export interface PackedFile {
  /** Without a leading slash; a folder ends with one. */
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
  /** A symbolic link to this; content is empty. */
  readonly linkTo?: string;
}

const BLOCK = 512;
const NAME_LENGTH = 100;
const PREFIX_LENGTH = 155;

/** Folders on the way are added. Throws for a path that ustar cannot hold. */
export function createTar(files: readonly PackedFile[], mtimeSeconds: number): Uint8Array {
  const all = [...withFolders(files)].sort((one, other) => (one.path < other.path ? -1 : 1));
  const parts = all.flatMap((file) => [
    header(file, mtimeSeconds),
    file.content,
    padding(file.content.length, BLOCK),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

/** The same bytes for the same content: no name, no time. */
export function gzip(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { level: 6 });
}

/** A .deb is an ar archive of three members in this order. */
export function createAr(
  members: readonly (readonly [name: string, content: Uint8Array])[],
  mtimeSeconds: number,
): Uint8Array {
  const parts = members.flatMap(([name, content]) => {
    const line = [
      name.padEnd(16),
      String(mtimeSeconds).padEnd(12),
      "0".padEnd(6),
      "0".padEnd(6),
      "100644".padEnd(8),
    ];
    const head = `${line.join("")}${String(content.length).padEnd(10)}\`\n`;
    return [Buffer.from(head, "latin1"), content, Buffer.from(content.length % 2 === 0 ? "" : "\n")];
  });
  return Buffer.concat([Buffer.from("!<arch>\n"), ...parts]);
}

function* withFolders(files: readonly PackedFile[]): Iterable<PackedFile> {
  const folders = new Set(files.filter(({ path }) => path.endsWith("/")).map(({ path }) => path));
  for (const file of files) {
    yield file;
    const steps = file.path.replace(/\/$/, "").split("/");
    for (let depth = 1; depth < steps.length; depth += 1) {
      const path = `${steps.slice(0, depth).join("/")}/`;
      if (!folders.has(path)) {
        folders.add(path);
        yield { path, mode: 0o755, content: new Uint8Array() };
      }
    }
  }
}

function header(file: PackedFile, mtimeSeconds: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = splitPath(file.path);
  const type = file.linkTo !== undefined ? "2" : file.path.endsWith("/") ? "5" : "0";
  block.write(name, 0, "utf8");
  block.write(`${octal(file.mode, 7)}\0`, 100);
  block.write(`${octal(0, 7)}\0${octal(0, 7)}\0`, 108);
  block.write(`${octal(file.content.length, 11)}\0${octal(mtimeSeconds, 11)}\0`, 124);
  block.write(" ".repeat(8), 148);
  block.write(type, 156);
  block.write(file.linkTo ?? "", 157);
  block.write("ustar\u000000root", 257);
  block.write("root", 297);
  block.write(`${octal(0, 7)}\0${octal(0, 7)}\0`, 329);
  block.write(prefix, 345, "utf8");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= NAME_LENGTH) {
    return { name: path, prefix: "" };
  }
  for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (name.length > 0 && Buffer.byteLength(name) <= NAME_LENGTH && prefix.length <= PREFIX_LENGTH) {
      return { name, prefix };
    }
  }
  throw new Error(`Expected a path that a tar file can hold, got ${path}`);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

function padding(length: number, to: number): Uint8Array {
  return Buffer.alloc((to - (length % to)) % to);
}
