/** What a sign says: well, take care, broken, not known, or only told. */
export type Tone = "ok" | "warn" | "bad" | "unknown" | "info";
