/** The frame around every page: where you are, whether it is live, in which language and light; then the page itself. */
import type { VNode } from "preact";
import { isTokenNeeded } from "./data/http.ts";
import { useLiveStream } from "./data/live-stream.ts";
import { FRAME } from "./i18n/catalogue/frame.ts";
import { say } from "./i18n/language.ts";
import { StaleBanner } from "./parts/stale-banner.tsx";
import { TokenForm } from "./parts/token-form.tsx";
import { TopBar } from "./parts/top-bar.tsx";
import { ViewTabs } from "./parts/view-tabs.tsx";
import { PageOf } from "./pages/page-of.tsx";
import { currentCluster, momentMs, route } from "./route/place.ts";
import { TimeBar } from "./time/time-bar.tsx";

export function App(): VNode {
  const cluster = currentCluster.value;
  useLiveStream(momentMs.value === undefined ? cluster : undefined);
  return (
    <>
      <a class="skip" href="#content" onClick={skipToContent}>
        {say(FRAME.skip)}
      </a>
      <TopBar />
      {cluster === undefined ? null : <ViewTabs cluster={cluster} />}
      <StaleBanner />
      <main id="content" tabIndex={-1}>
        {isTokenNeeded.value ? <TokenForm /> : <PageOf path={route.value.path} />}
      </main>
      {cluster === undefined || isTokenNeeded.value ? null : <TimeBar key={cluster} cluster={cluster} />}
    </>
  );
}

/** The address after "#" is the page's; a jump inside of the page must not change it. */
function skipToContent(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
