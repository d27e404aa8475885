/**
 * Takes the wanted families out of the text of /metrics: about 1,400 lines, of which most are not wanted. Each family is
 * found by a search for its TYPE line, and only its own lines are looked at.
 */

export interface MetricLine {
  /** Text between the braces, "" without labels. */
  readonly labels: string;
  readonly value: number;
}

/** Cumulative counts of a Prometheus histogram. */
export interface Histogram {
  readonly bounds: readonly number[];
  /** One for each bound; the last bound is Infinity. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/**
 * A cursor over the bytes of one answer: families are found fastest when asked for in the order of the text, which is that of
 * their names. Only the wanted families become strings: the whole would be 130 KiB and more in the heap each 10 s.
 */
export class MetricText {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The value of a family without labels; undefined when it is not there. */
  findValue(family: string): number | undefined {
    const block = this.#findBlock(family);
    if (block === undefined) {
      return undefined;
    }
    const value = Number(block.slice(block.indexOf(" ", family.length) + 1));
    return Number.isNaN(value) ? undefined : value;
  }

  /** Every line of a family, zeros left out when so asked. */
  findLines(family: string, leaveOutZeros = false): readonly MetricLine[] {
    const lines: MetricLine[] = [];
    for (const line of (this.#findBlock(family) ?? "").split("\n")) {
      if (line !== "" && !(leaveOutZeros && line.endsWith(" 0"))) {
        lines.push(parseLine(line));
      }
    }
    return lines;
  }

  /** Histograms of a family by the value of one label ("" for a family without labels). */
  findHistograms(family: string, label?: string): ReadonlyMap<string, Histogram> {
    const found = new Map<string, { bounds: number[]; counts: number[]; sum: number }>();
    for (const line of (this.#findBlock(family) ?? "").split("\n")) {
      if (line === "") {
        continue;
      }
      const { labels, value } = parseLine(line);
      const of = label === undefined ? "" : (findLabel(labels, label) ?? "");
      let histogram = found.get(of);
      if (histogram === undefined) {
        histogram = { bounds: [], counts: [], sum: 0 };
        found.set(of, histogram);
      }
      if (line.startsWith("_bucket", family.length)) {
        const bound = findLabel(labels, "le") ?? "";
        histogram.bounds.push(bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound));
        histogram.counts.push(value);
      } else if (line.startsWith("_sum", family.length)) {
        histogram.sum = value;
      }
    }
    return found;
  }

  /** The lines between a family's TYPE line and the next comment. */
  #findBlock(family: string): string | undefined {
    const at = this.#findHead(`# TYPE ${family} `);
    if (at === undefined) {
      return undefined;
    }
    const begin = this.#bytes.indexOf("\n", at, "latin1") + 1;
    if (begin === 0) {
      return undefined;
    }
    const end = this.#bytes.indexOf("\n#", begin - 1, "latin1");
    this.#at = end < 0 ? begin - 1 : end;
    return this.#bytes.toString("latin1", begin, end < 0 ? undefined : end).trimEnd();
  }

  /** Where a line begins so. */
  #findHead(head: string): number | undefined {
    if (this.#bytes.toString("latin1", 0, head.length) === head) {
      return 0;
    }
    const line = `\n${head}`;
    const ahead = this.#bytes.indexOf(line, this.#at, "latin1");
    const at = ahead < 0 ? this.#bytes.lastIndexOf(line, this.#at, "latin1") : ahead;
    return at < 0 ? undefined : at + 1;
  }
}

function parseLine(line: string): MetricLine {
  const brace = line.indexOf("{");
  const close = brace < 0 ? -1 : line.lastIndexOf("}");
  return {
    labels: brace < 0 ? "" : line.slice(brace + 1, close),
    value: Number(line.slice((close < 0 ? line.indexOf(" ") : close + 1) + (close < 0 ? 1 : 0))),
  };
}

/** findLabel('To="abc",le="1"', "To") → "abc". Values of etcd's labels hold no escapes. */
export function findLabel(labels: string, name: string): string | undefined {
  const start = labels.startsWith(`${name}="`) ? 0 : labels.indexOf(`,${name}="`) + 1;
  if (start === 0 && !labels.startsWith(`${name}="`)) {
    return undefined;
  }
  const begin = start + name.length + 2;
  return labels.slice(begin, labels.indexOf('"', begin));
}
