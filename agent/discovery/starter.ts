/** Who would start an etcd that does not run, and with that where its log goes. */
export type Starter =
  | { readonly kind: "unit"; readonly unit: string }
  /** A static pod of the kubelet. */
  | { readonly kind: "pod" }
  /** Itself, or its unit, writes its log there. */
  | { readonly kind: "file"; readonly path: string };
