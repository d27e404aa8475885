/** Light or dark: what the system says, until somebody chooses. */
import { effect, signal } from "@preact/signals";
import { readStored, writeStored } from "../data/storage.ts";

export type Scheme = "light" | "dark";

const KEY = "etcdscope.scheme";
const system = matchMedia("(prefers-color-scheme: dark)");

const stored = readStored("local", KEY);
const chosen = signal<Scheme | undefined>(stored === "light" || stored === "dark" ? stored : undefined);
const preferred = signal<Scheme>(system.matches ? "dark" : "light");
system.addEventListener("change", () => {
  preferred.value = system.matches ? "dark" : "light";
});

export function currentScheme(): Scheme {
  return chosen.value ?? preferred.value;
}

export function toggleScheme(): void {
  const next = currentScheme() === "dark" ? "light" : "dark";
  chosen.value = next === preferred.value ? undefined : next;
  writeStored("local", KEY, chosen.value);
}

effect(() => {
  document.documentElement.dataset["scheme"] = currentScheme();
});
