/** The language in force, and every text in it. */
import { effect, signal } from "@preact/signals";
import type { Language, Text } from "../../../shared/text.ts";
import { readStored, writeStored } from "../data/storage.ts";

const KEY = "etcdscope.language";

export const language = signal<Language>(chooseLanguage());

/** The text in the language in force; whoever renders it is rendered anew when the language changes. */
export function say(text: Text): string {
  return text[language.value];
}

export function setLanguage(chosen: Language): void {
  language.value = chosen;
  writeStored("local", KEY, chosen);
}

function chooseLanguage(): Language {
  const stored = readStored("local", KEY);
  if (stored === "en" || stored === "zh") {
    return stored;
  }
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
});
