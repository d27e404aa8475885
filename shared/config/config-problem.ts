/** What is wrong in a configuration file, and how it is told. */

/** A place in a document: keys and indexes from its root. */
export type KeyPath = readonly (string | number)[];

export interface ConfigProblem {
  /** Empty: the file as a whole. */
  readonly path: KeyPath;
  /** Line in the file, from 1; 0: not known. */
  readonly line: number;
  /** What was expected and what came; no full stop. */
  readonly message: string;
}

/** A configuration, or everything that is wrong with it. */
export type ConfigResult<T> =
  | { readonly kind: "valid"; readonly config: T }
  | { readonly kind: "invalid"; readonly problems: readonly ConfigProblem[] };

/** ["collectors", 0] → "collectors[0]", ["peers", "a.b"] → `peers["a.b"]`. */
export function formatKeyPath(path: KeyPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") {
      text += `[${key}]`;
    } else if (/^[\w-]+$/.test(key)) {
      text += text === "" ? key : `.${key}`;
    } else {
      text += `[${JSON.stringify(key)}]`;
    }
  }
  return text;
}

/** One line a problem, "FILE:LINE  etcd.tls.cert: …", under a line that counts them. */
export function formatProblems(file: string, problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const lines = problems.map((problem) => {
    const place = problem.line > 0 ? `${file}:${problem.line}` : file;
    const path = formatKeyPath(problem.path);
    return `  ${place}  ${path === "" ? "" : `${path}: `}${problem.message}`;
  });
  return [`${file} has ${count}`, ...lines].join("\n");
}
