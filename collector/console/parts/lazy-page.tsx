/** A page whose code is fetched when it is first looked at: what everybody needs first stays small. */
import type { ComponentType, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { FRAME } from "../i18n/catalogue/frame.ts";
import { say } from "../i18n/language.ts";
import { Loading, Notice } from "./notice.tsx";

export interface LazyPageProps<P> {
  readonly load: () => Promise<ComponentType<P>>;
  /** The same for the same page. */
  readonly name: string;
  readonly props: P;
}

const loaded = new Map<string, unknown>();

export function LazyPage<P extends object>({ load, name, props }: LazyPageProps<P>): VNode {
  const [, setLoaded] = useState(false);
  const [failure, setFailure] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (loaded.has(name)) {
      return;
    }
    load().then(
      (page) => {
        loaded.set(name, page);
        setLoaded(true);
      },
      (error: unknown) => setFailure(error instanceof Error ? error.message : String(error)),
    );
  }, [name]);
  const Page = loaded.get(name) as ComponentType<P> | undefined;
  if (Page !== undefined) {
    return <Page {...props} />;
  }
  if (failure !== undefined) {
    // A collector of another version has other files; its page brings them.
    return (
      <Notice tone="bad" title={say(FRAME.noAnswer)}>
        <p class="notice-detail">{failure}</p>
        <button type="button" class="button" onClick={() => location.reload()}>
          {say(FRAME.reload)}
        </button>
      </Notice>
    );
  }
  return <Loading rows={6} />;
}
