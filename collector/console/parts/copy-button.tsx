/** Copies a text, and says whether it worked: a page without TLS may not write to the clipboard. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { FRAME } from "../i18n/catalogue/frame.ts";
import { say } from "../i18n/language.ts";

type Outcome = "none" | "copied" | "failed";

const SHOWN_FOR_MS = 2_000;

export function CopyButton({ text, label }: { readonly text: string; readonly label?: string }): VNode {
  const [outcome, setOutcome] = useState<Outcome>("none");
  async function copy(): Promise<void> {
    const isCopied = await copyText(text);
    setOutcome(isCopied ? "copied" : "failed");
    setTimeout(() => setOutcome("none"), SHOWN_FOR_MS);
  }
  const words = {
    none: label === undefined ? FRAME.copy : { en: label, zh: label },
    copied: FRAME.copied,
    failed: FRAME.copyFailed,
  };
  return (
    <button type="button" class="button small" onClick={() => void copy()}>
      <span aria-live="polite">{say(words[outcome])}</span>
    </button>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** The old way, which also works on a page that came over plain HTTP. */
function copyBySelection(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  return isCopied;
}
