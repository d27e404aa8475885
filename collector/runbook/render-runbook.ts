/** A runbook for this cluster as it is now, in the shape of the REST API. */
import type { Runbook, RunbookStep } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import { nameCode } from "../diagnosis/code-names.ts";
import { formatTime } from "../diagnosis/format.ts";
import type { JudgedCluster } from "../diagnosis/judged-cluster.ts";
import { findBook, normalizeCode } from "./registry.ts";
import { createSite } from "./site.ts";
import { say } from "./step.ts";
import type { Book, Step } from "./step.ts";

export interface RunbookRequest {
  readonly code: string;
  readonly member: string | undefined;
}

/** undefined: there is no runbook for such a code. The member must be one of the cluster's. */
export function renderRunbook(cluster: JudgedCluster, request: RunbookRequest): Runbook | undefined {
  const code = normalizeCode(request.code);
  const book = findBook(code);
  return book === undefined ? undefined : render(book, cluster, { code, member: request.member });
}

function render(book: Book, cluster: JudgedCluster, request: RunbookRequest): Runbook {
  const site = createSite(cluster, request);
  const steps = book.steps(site);
  const blanks = new Map(
    steps.flatMap(({ command }) => (command?.blanks ?? []).map((one) => [one.name, one] as const)),
  );
  return {
    cluster: site.cluster,
    at: formatTime(site.nowMs),
    code: request.code,
    name: request.code === "RESTORE" ? RESTORE_NAME : nameCode(request.code),
    member: site.subject.judged?.name ?? null,
    summary: book.summary(site),
    doNot: book.doNot(site),
    blanks: [...blanks.values()].map(({ name, text }) => ({ name, text })),
    steps: steps.map(renderStep),
  };
}

const RESTORE_NAME: Text = say("restore from a snapshot", "从快照恢复");

function renderStep(step: Step, index: number): RunbookStep {
  const { title, detail, risk, on, command, condition, verify, undo } = step;
  return {
    number: index + 1,
    title,
    detail,
    risk,
    node: on?.node ?? null,
    command: command === undefined || command.text === "" ? null : command.text,
    precondition: condition ?? null,
    verify: verify ?? null,
    undo: undo ?? null,
  };
}
