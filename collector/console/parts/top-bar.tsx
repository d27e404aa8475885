/** The bar at the top: the way home, the cluster, whether what is shown is live, language and light. */
import type { VNode } from "preact";
import { staleForMs } from "../data/connection.ts";
import { FRAME } from "../i18n/catalogue/frame.ts";
import { language, say, setLanguage } from "../i18n/language.ts";
import { currentCluster, linkTo, momentMs } from "../route/place.ts";
import { currentScheme, toggleScheme } from "./scheme.ts";

export function TopBar(): VNode {
  const cluster = currentCluster.value;
  return (
    <header class="top-bar">
      <a class="brand" href="#/">
        <BrandMark />
        <span class="brand-name">etcdscope</span>
      </a>
      {cluster === undefined ? null : (
        <nav class="crumbs" aria-label={say(FRAME.clusters)}>
          <a href="#/">{say(FRAME.clusters)}</a>
          <span aria-hidden="true">/</span>
          <a class="crumb-cluster" href={linkTo(cluster, "overview")}>
            {cluster}
          </a>
        </nav>
      )}
      <div class="top-actions">
        <LiveSign />
        <button
          type="button"
          class="button quiet"
          lang={language.value === "en" ? "zh" : "en"}
          onClick={() => setLanguage(language.value === "en" ? "zh" : "en")}
        >
          {say(FRAME.otherLanguage)}
        </button>
        <button type="button" class="button quiet" aria-label={say(FRAME.scheme)} onClick={toggleScheme}>
          {say(currentScheme() === "dark" ? FRAME.toLight : FRAME.toDark)}
        </button>
      </div>
    </header>
  );
}

function LiveSign(): VNode {
  const isStale = staleForMs() !== undefined;
  const state = isStale ? "stale" : momentMs.value === undefined ? "live" : "past";
  return (
    <span class={`live-sign is-${state}`} role="status">
      <span class="live-dot" aria-hidden="true" />
      {say(FRAME[state])}
    </span>
  );
}

function BrandMark(): VNode {
  return (
    <svg class="brand-mark" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <path d="M16 8 7 23M16 8l9 15M7 23h18" />
      <circle class="brand-leader" cx="16" cy="8" r="4.4" />
      <circle cx="7" cy="23" r="4.4" />
      <circle cx="25" cy="23" r="4.4" />
    </svg>
  );
}
