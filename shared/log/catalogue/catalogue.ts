/** Every signature, in the order in which they are tried: what is a cause before what it looks like. */
import type { Signature } from "../signature.ts";
import { CERTIFICATE_SIGNATURES } from "./certificate.ts";
import { CLUSTER_SIGNATURES } from "./cluster.ts";
import { PERFORMANCE_SIGNATURES } from "./performance.ts";
import { FALLBACK_SIGNATURES, START_SIGNATURES } from "./start.ts";
import { STORAGE_SIGNATURES } from "./storage.ts";
import { SYSTEM_SIGNATURES } from "./system.ts";

export const SIGNATURES: readonly Signature[] = [
  ...STORAGE_SIGNATURES,
  ...START_SIGNATURES,
  ...CERTIFICATE_SIGNATURES,
  ...CLUSTER_SIGNATURES,
  ...PERFORMANCE_SIGNATURES,
  ...SYSTEM_SIGNATURES,
  ...FALLBACK_SIGNATURES,
];
