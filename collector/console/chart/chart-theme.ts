/** The chart's colours, read from the page's own: a canvas knows no style sheet. */
export interface ChartTheme {
  readonly text: string;
  readonly faint: string;
  readonly line: string;
  readonly bad: string;
  readonly badFill: string;
  readonly warnFill: string;
  readonly accent: string;
  readonly moment: string;
  readonly series: readonly string[];
  readonly font: string;
}

export function readTheme(element: Element): ChartTheme {
  const style = getComputedStyle(element);
  function read(name: string): string {
    return style.getPropertyValue(`--${name}`).trim();
  }
  return {
    text: read("text"),
    faint: read("faint"),
    line: read("line"),
    bad: read("bad"),
    badFill: read("bad-fill"),
    warnFill: read("warn-fill"),
    accent: read("accent"),
    moment: read("unknown"),
    series: [1, 2, 3, 4, 5, 6, 7].map((index) => read(`series-${index}`)),
    font: `11px ${style.fontFamily}`,
  };
}
