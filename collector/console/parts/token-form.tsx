/** Asks for the token that the collector wants to see. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { setToken, token } from "../data/http.ts";
import { refresh } from "../data/resource.ts";
import { FRAME } from "../i18n/catalogue/frame.ts";
import { say } from "../i18n/language.ts";

export function TokenForm(): VNode {
  const [given, setGiven] = useState("");
  function use(event: Event): void {
    event.preventDefault();
    setToken(given.trim());
    refresh("");
  }
  return (
    <form class="token-form card" onSubmit={use}>
      <h1>{say(FRAME.tokenNeeded)}</h1>
      <p class="muted">{say(FRAME.tokenHint)}</p>
      {token.value === undefined ? null : (
        <p class="tone-bad" role="alert">
          {say(FRAME.tokenWrong)}
        </p>
      )}
      <label>
        {say(FRAME.token)}
        <input
          class="field"
          type="password"
          autoComplete="off"
          value={given}
          onInput={(event) => setGiven(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button primary" disabled={given.trim() === ""}>
        {say(FRAME.tokenUse)}
      </button>
    </form>
  );
}
