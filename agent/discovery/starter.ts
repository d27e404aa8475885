/** Who would start an etcd that does not run, and with that where its log goes. */
export type Starter =
  | { readonly kind: "unit"; readonly unit: string }
  /** A static pod of the kubelet. */
  | { readonly kind: "pod" }
  /** A container engine, by whose record alone it is known; logPath undefined: its log is in no file. */
  | {
      readonly kind: "engine";
      readonly engine: "docker" | "podman";
      readonly id: string;
      readonly logPath: string | undefined;
    }
  /** Itself, or its unit, writes its log there. */
  | { readonly kind: "file"; readonly path: string };
