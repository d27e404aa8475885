/**
 * A report as Markdown or HTML. Everything in it may hold what a node sent (a path, a log line, a flag), so every string
 * is escaped here, at the last moment, and nothing else writes markup.
 */
import type { ReportBlock, ReportDocument } from "./write-report.ts";

/** Line breaks, control characters, and what turns the direction of text, which would let a value look like another. */
const UNSAFE = /[\p{Cc}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

export function escapeHtml(text: string): string {
  return text
    .replaceAll(UNSAFE, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** Neither markup, nor HTML, nor a link that a renderer makes by itself. */
export function escapeMarkdown(text: string): string {
  return (
    text
      .replaceAll(UNSAFE, " ")
      .replaceAll(/[\\`*{}[\]#|!~$@]/g, String.raw`\$&`)
      // Inside of a word it is only itself, and codes stay readable.
      .replaceAll(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, String.raw`\_`)
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll("://", String.raw`:\/\/`)
      .replaceAll(/\bwww\./gi, String.raw`www\.`)
      .replaceAll(/^(\s*)([-+]|\d+[.)])(?=\s)/g, String.raw`$1\$2`)
  );
}

export function renderMarkdown({ title, sections }: ReportDocument): string {
  const parts = sections.flatMap(({ heading, blocks }) => [
    `## ${escapeMarkdown(heading)}`,
    ...blocks.map(renderMarkdownBlock),
  ]);
  return `${[`# ${escapeMarkdown(title)}`, ...parts].join("\n\n")}\n`;
}

function renderMarkdownBlock(block: ReportBlock): string {
  switch (block.kind) {
    case "paragraph":
      return escapeMarkdown(block.text);
    case "list":
      return block.items.map((item) => `- ${escapeMarkdown(item)}`).join("\n");
    case "table": {
      const row = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(" | ")} |`;
      return [row(block.head), `| ${block.head.map(() => "---").join(" | ")} |`, ...block.rows.map(row)].join(
        "\n",
      );
    }
  }
}

/** The page's only style; the API allows it by its hash. */
export const REPORT_STYLE =
  "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}" +
  "table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccc;padding:.25rem .5rem;text-align:left;" +
  "vertical-align:top;overflow-wrap:anywhere}td:first-child{white-space:nowrap}h2{margin-top:2rem}";

export function renderHtml({ title, sections, language }: ReportDocument): string {
  const body = sections
    .map(
      ({ heading, blocks }) => `<h2>${escapeHtml(heading)}</h2>\n${blocks.map(renderHtmlBlock).join("\n")}`,
    )
    .join("\n");
  return (
    `<!doctype html>\n<html lang="${language === "zh" ? "zh-CN" : "en"}">\n<head><meta charset="utf-8">` +
    `<title>${escapeHtml(title)}</title><style>${REPORT_STYLE}</style></head>\n` +
    `<body>\n<h1>${escapeHtml(title)}</h1>\n${body}\n</body>\n</html>\n`
  );
}

function renderHtmlBlock(block: ReportBlock): string {
  switch (block.kind) {
    case "paragraph":
      return `<p>${escapeHtml(block.text)}</p>`;
    case "list":
      return `<ul>${block.items.map((item) => `<li>${escapeHtml(item)}</li>`).join("")}</ul>`;
    case "table": {
      const row = (cells: readonly string[], tag: "td" | "th"): string =>
        `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
      return `<table>${row(block.head, "th")}${block.rows.map((cells) => row(cells, "td")).join("")}</table>`;
    }
  }
}
