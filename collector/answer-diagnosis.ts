/** What the API asks of diagnosis and runbooks together: the tree with its next step, and a runbook for the right member. */
import { EtcdscopeError } from "../shared/errors.ts";
import type { Diagnosis, Runbook } from "../shared/rest.ts";
import { walkTree } from "./diagnosis/decision-tree.ts";
import type { Evaluation } from "./diagnosis/evaluate.ts";
import { addNext, chooseMember } from "./runbook/next-step.ts";
import { normalizeCode, RUNBOOK_CODES } from "./runbook/registry.ts";
import { renderRunbook } from "./runbook/render-runbook.ts";
import type { RunbookRequest } from "./runbook/render-runbook.ts";

export function answerDiagnosis(evaluation: Evaluation): Diagnosis {
  return addNext(walkTree(evaluation), evaluation);
}

/** Throws NOT_FOUND for a code or a member that is not there, naming those that are. */
export function answerRunbook(evaluation: Evaluation, request: RunbookRequest): Runbook {
  const { cluster } = evaluation;
  const names = cluster.members.map(({ name }) => name);
  if (request.member !== undefined && !names.includes(request.member)) {
    const known = names.length === 0 ? "none is known yet" : `known: ${names.join(", ")}`;
    throw new EtcdscopeError("NOT_FOUND", `No member "${request.member}"; ${known}`, { field: "member" });
  }
  const member = request.member ?? chooseMember(evaluation, normalizeCode(request.code));
  const runbook = renderRunbook(cluster, { code: request.code, member });
  if (runbook === undefined) {
    const known = RUNBOOK_CODES.join(", ");
    throw new EtcdscopeError("NOT_FOUND", `No runbook for "${request.code.slice(0, 64)}"; known: ${known}`, {
      field: "code",
    });
  }
  return runbook;
}
