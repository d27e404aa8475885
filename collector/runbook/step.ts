/** What a runbook is made of. Nothing in here, or anywhere else in this product, ever runs a command of a runbook. */
import type { StepRisk } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { Shell } from "./shell.ts";
import type { Site, SiteMember } from "./site.ts";

/**
 * Whether a step may be taken now, as far as the view shows it. "refused": the view shows that it may not. "unknown":
 * the operator must look; never read as met.
 */
export interface Condition {
  /** What must hold. */
  readonly text: Text;
  readonly state: "met" | "refused" | "unknown";
  /** The fact that decides it, or why nothing does. */
  readonly because: Text;
}

export interface Step {
  readonly title: Text;
  /** What it is for, or what to look for in its output. */
  readonly detail: Text;
  /**
   * read-only: changes nothing. safe: changes something, takes nothing away, can be undone. disruptive: a member or its
   * clients notice. destructive: data or history is gone afterwards.
   */
  readonly risk: StepRisk;
  /** Where the command is run; undefined: wherever etcdctl and the certificates are. */
  readonly on?: SiteMember | undefined;
  readonly command?: Shell | undefined;
  readonly condition?: Condition | undefined;
  /** How to see that it worked; always there for what is disruptive or destructive, as is undo. */
  readonly verify?: Text;
  readonly undo?: Text;
  /** It keeps a copy of what a later step destroys. */
  readonly isBackup?: true;
}

export interface Book {
  /** kebab-case, as in its file's name. */
  readonly name: string;
  /** Finding codes that it is for. */
  readonly codes: readonly string[];
  /** What the finding means for the cluster, and the idea of the cure. */
  readonly summary: (site: Site) => Text;
  /** What makes it worse. */
  readonly doNot: (site: Site) => readonly Text[];
  readonly steps: (site: Site) => readonly Step[];
}

/** A text in both languages. */
export function say(en: string, zh: string): Text {
  return { en, zh };
}
