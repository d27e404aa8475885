/** Every file of a package at its place on the target machine; the same for the .deb and the tarball. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { EXTERNAL_PACKAGE, type Bundle } from "./bundle.ts";
import { ensureNodeRuntime } from "./node-runtime.ts";
import { createBillOfMaterials, licenseFiles, readParts, type Part } from "./parts.ts";
import { gzip, type PackedFile } from "../shared/tar.ts";
import { NODE_ARCHITECTURE, type Architecture, type Variant } from "./variants.ts";

export interface TreeRequest {
  readonly root: string;
  readonly variant: Variant;
  readonly architecture: Architecture;
  readonly bundle: Bundle;
  readonly version: string;
  /** RFC 3339 of the commit. */
  readonly at: string;
}

const CONSOLE_FOLDER = "collector/console/dist";

export function createInstallTree(request: TreeRequest): readonly PackedFile[] {
  const { root, variant, bundle } = request;
  const architecture = NODE_ARCHITECTURE[request.architecture];
  const node = ensureNodeRuntime(root, architecture);
  const home = `usr/lib/${variant.name}`;
  const doc = `usr/share/doc/${variant.name}`;
  const parts = listParts(root, { bundle, variant, node });
  const read = (path: string): Uint8Array => readFileSync(join(root, path));
  return [
    { path: `${home}/bin/etcdscope`, mode: 0o755, content: read("packaging/etcdscope.sh") },
    { path: `${home}/bin/node`, mode: 0o755, content: readFileSync(join(node, "bin/node")) },
    { path: `${home}/lib/package.json`, mode: 0o644, content: Buffer.from('{ "type": "module" }\n') },
    ...[...bundle.files].map(([name, content]) => ({ path: `${home}/lib/${name}`, mode: 0o644, content })),
    ...(variant.isServer ? [...nativeFiles(root, home, architecture), ...consoleFiles(root, home)] : []),
    {
      path: `usr/lib/systemd/system/${variant.unit}`,
      mode: 0o644,
      content: Buffer.from(
        Buffer.from(read(`systemd/${variant.unit}`))
          .toString("utf8")
          .replaceAll("/usr/bin/etcdscope", `/${home}/bin/etcdscope`),
      ),
    },
    {
      path: `usr/lib/sysusers.d/${variant.name}.conf`,
      mode: 0o644,
      content: read(`systemd/${variant.sysusers}`),
    },
    {
      path: `usr/lib/tmpfiles.d/${variant.name}.conf`,
      mode: 0o644,
      content: read(`systemd/${variant.tmpfiles}`),
    },
    { path: `${doc}/examples/${variant.example}`, mode: 0o644, content: read(`systemd/${variant.example}`) },
    ...(variant.isServer ? monitoringFiles(root, `${doc}/examples`) : []),
    { path: `${doc}/copyright`, mode: 0o644, content: read("LICENSE") },
    { path: `${doc}/changelog.md.gz`, mode: 0o644, content: gzip(read("CHANGELOG.md")) },
    {
      path: `${doc}/sbom.cdx.json`,
      mode: 0o644,
      content: Buffer.from(
        createBillOfMaterials({ name: variant.name, version: request.version }, parts, request.at),
      ),
    },
    ...licenseFiles(parts, `${doc}/licenses`),
    // The command's page is in both packages: which one shows is decided as for the command (debian/postinst).
    { path: `${home}/man/etcdscope.1.gz`, mode: 0o644, content: gzip(read("packaging/man/etcdscope.1")) },
    {
      path: `usr/share/man/man5/${variant.manual}.gz`,
      mode: 0o644,
      content: gzip(read(`packaging/man/${variant.manual}`)),
    },
  ];
}

function listParts(
  root: string,
  what: { readonly bundle: Bundle; readonly variant: Variant; readonly node: string },
): readonly Part[] {
  const { bundle, variant, node } = what;
  const libraries = readParts(root, [...bundle.packages, ...(variant.isServer ? [EXTERNAL_PACKAGE] : [])]);
  const manifest = JSON.parse(readFileSync(join(node, "package.json"), "utf8")) as {
    readonly version: string;
  };
  const runtime: Part = {
    name: "node",
    version: manifest.version,
    license: "MIT",
    integrity: undefined,
    licenseTexts: existsSync(join(node, "LICENSE"))
      ? [{ file: "LICENSE", text: readFileSync(join(node, "LICENSE")) }]
      : [],
  };
  return [...libraries, runtime];
}

/** The package's own code and the one binary that this architecture loads. */
function nativeFiles(root: string, home: string, architecture: string): readonly PackedFile[] {
  const from = join(root, "node_modules", EXTERNAL_PACKAGE);
  const wanted = [
    "package.json",
    "LICENSE",
    ...listFiles(from, "lib").filter((path) => !/(darwin|win32|linuxmusl)-/.test(path)),
    `prebuilds/linux-${architecture}.node`,
  ];
  return wanted.map((path) => ({
    path: `${home}/node_modules/${EXTERNAL_PACKAGE}/${path}`,
    mode: 0o644,
    content: readFileSync(join(from, path)),
  }));
}

/** For who has Prometheus and Grafana. */
function monitoringFiles(root: string, folder: string): readonly PackedFile[] {
  return ["prometheus", "grafana"].flatMap((name) =>
    listFiles(join(root, "packaging", name), ".").map((file) => ({
      path: `${folder}/${name}/${file}`,
      mode: 0o644,
      content: readFileSync(join(root, "packaging", name, file)),
    })),
  );
}

/** Where the collector looks for it: beside its code. */
function consoleFiles(root: string, home: string): readonly PackedFile[] {
  if (!existsSync(join(root, CONSOLE_FOLDER, "index.html"))) {
    throw new Error(`Expected the built console in ${CONSOLE_FOLDER}`);
  }
  return listFiles(join(root, CONSOLE_FOLDER), ".").map((path) => ({
    path: `${home}/lib/console/dist/${path}`,
    mode: 0o644,
    content: readFileSync(join(root, CONSOLE_FOLDER, path)),
  }));
}

function listFiles(folder: string, below: string): readonly string[] {
  return readdirSync(join(folder, below), { recursive: true, encoding: "utf8" })
    .map((path) => (below === "." ? path : `${below}/${path}`))
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();
}
