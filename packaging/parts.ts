/** What is bundled, by whom and under which licence: for the licence folder and the bill of materials. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PackedFile } from "../shared/tar.ts";

export interface Part {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** The registry's hash of what was installed ("sha512-…"), where the lockfile has one. */
  readonly integrity: string | undefined;
  readonly licenseTexts: readonly { readonly file: string; readonly text: Uint8Array }[];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
}

/** `folders` below node_modules. */
export function readParts(root: string, folders: readonly string[]): readonly Part[] {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lockfile;
  return folders.map((folder) => {
    const dir = join(root, "node_modules", folder);
    const manifest = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as Manifest;
    const texts = existsSync(dir)
      ? readdirSync(dir).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
      : [];
    return {
      name: manifest.name,
      version: manifest.version,
      license: manifest.license ?? "UNKNOWN",
      integrity: lock.packages[`node_modules/${folder}`]?.integrity,
      licenseTexts: texts.sort().map((file) => ({ file, text: readFileSync(join(dir, file)) })),
    };
  });
}

/** CycloneDX 1.5. The serial number is left out: it would differ from build to build. */
export function createBillOfMaterials(product: Manifest, parts: readonly Part[], at: string): string {
  const components = parts.map(({ name, version, license, integrity }) => ({
    type: "library",
    "bom-ref": purl(name, version),
    name,
    version,
    purl: purl(name, version),
    licenses: [{ license: /^[\w.+-]+$/.test(license) ? { id: license } : { name: license } }],
    ...(integrity === undefined ? {} : { hashes: [toHash(integrity)] }),
  }));
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      timestamp: at,
      component: {
        type: "application",
        name: product.name,
        version: product.version,
        "bom-ref": product.name,
      },
    },
    components,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

export function licenseFiles(parts: readonly Part[], folder: string): readonly PackedFile[] {
  const list = parts.map(({ name, version, license }) => `${name} ${version}: ${license}\n`).join("");
  const texts = parts.flatMap((part) =>
    part.licenseTexts.map(({ file, text }) => ({
      path: `${folder}/${part.name.replaceAll("/", "__")}/${file}`,
      mode: 0o644,
      content: text,
    })),
  );
  return [{ path: `${folder}/LIST`, mode: 0o644, content: Buffer.from(list) }, ...texts];
}

function purl(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function toHash(integrity: string): { readonly alg: string; readonly content: string } {
  const [algorithm = "", base64 = ""] = integrity.split("-");
  return { alg: algorithm.replace(/^sha/, "SHA-"), content: Buffer.from(base64, "base64").toString("hex") };
}
