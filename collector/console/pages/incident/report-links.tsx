/** The post-mortem draft, to keep or to paste. Asked for with the token, so it cannot be a plain link. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { askRaw } from "../../data/http.ts";
import { saveFile } from "../../data/save-file.ts";
import { FRAME } from "../../i18n/catalogue/frame.ts";
import { INCIDENTS } from "../../i18n/catalogue/incidents.ts";
import { language, say } from "../../i18n/language.ts";
import { CopyButton } from "../../parts/copy-button.tsx";

const FORMATS = {
  md: { word: "Markdown", type: "text/markdown" },
  html: { word: "HTML", type: "text/html" },
  json: { word: "JSON", type: "application/json" },
} as const;

type Format = keyof typeof FORMATS;

export interface IncidentReportLinksProps {
  /** Of the incident, below /api/v1. */
  readonly path: string;
  /** Of the file, without its ending. */
  readonly name: string;
}

export function IncidentReportLinks({ path, name }: IncidentReportLinksProps): VNode {
  const [failure, setFailure] = useState<string | undefined>(undefined);
  async function download(format: Format): Promise<void> {
    const answer = await askRaw(`${path}/report?format=${format}&lang=${language.value}`);
    switch (answer.kind) {
      case "ok":
        saveFile(`${name}.${format}`, await answer.data.text(), FORMATS[format].type);
        setFailure(undefined);
        break;
      case "problem":
        setFailure(answer.problem.detail);
        break;
      case "silent":
        setFailure(say(FRAME.noAnswer));
        break;
    }
  }
  return (
    <span class="report-links">
      <span class="muted">{say(INCIDENTS.report)}</span>
      {(Object.keys(FORMATS) as Format[]).map((format) => (
        <button key={format} type="button" class="button" onClick={() => void download(format)}>
          {FORMATS[format].word}
        </button>
      ))}
      <CopyButton text={location.href} label={say(INCIDENTS.copyLink)} />
      {failure === undefined ? null : (
        <span class="tone-bad" role="alert">
          {failure}
        </span>
      )}
    </span>
  );
}
