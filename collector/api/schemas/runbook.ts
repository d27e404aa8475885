/** JSON schemas of the decision tree and of runbooks. */
import { EVIDENCE, SUBJECT } from "./finding.ts";
import { complete, INTEGER, listOf, orNull, STRING, TEXT, TIMESTAMP } from "./shapes.ts";

const CHECK_STATE = { type: "string", enum: ["ok", "bad", "unknown"] } as const;

const CHECK = complete({
  code: { type: "string", examples: ["DISK_FULL"] },
  name: TEXT,
  state: { ...CHECK_STATE, description: "The worst of its subjects" },
  severity: orNull({ type: "string", enum: ["critical", "warning", "info"] }),
  runbook: orNull(STRING),
  subjects: listOf(
    complete({
      subject: SUBJECT,
      state: CHECK_STATE,
      text: {
        ...orNull(TEXT),
        description: "The fact that shows it, what is wrong, or why it is not known",
      },
      evidence: listOf(EVIDENCE),
    }),
  ),
});

const NEXT = orNull(
  complete({
    code: STRING,
    member: orNull(STRING),
    text: TEXT,
    command: { type: "string", description: "Changes nothing" },
  }),
);

export const DIAGNOSIS_SCHEMA = {
  $id: "Diagnosis",
  ...complete({
    cluster: STRING,
    at: TIMESTAMP,
    verdict: STRING,
    headline: TEXT,
    state: CHECK_STATE,
    layers: {
      ...listOf(
        complete({
          layer: STRING,
          name: TEXT,
          state: CHECK_STATE,
          summary: TEXT,
          checks: listOf(CHECK),
          next: NEXT,
        }),
      ),
      description: "process, cluster, storage, network, config, performance, agent: in this order",
    },
    next: NEXT,
  }),
} as const;

/** With `lang` the text of that language, else both. */
const WORDS = { anyOf: [TEXT, STRING], description: "With lang: the text in that language alone" } as const;

export const RUNBOOK_SCHEMA = {
  $id: "Runbook",
  ...complete({
    cluster: STRING,
    at: TIMESTAMP,
    code: STRING,
    name: WORDS,
    member: orNull(STRING),
    summary: WORDS,
    doNot: listOf(WORDS),
    blanks: {
      ...listOf(complete({ name: STRING, text: WORDS })),
      description:
        "Shell variables in the commands that the operator fills in; unset, a command refuses to run",
    },
    steps: listOf(
      complete({
        number: INTEGER,
        title: WORDS,
        detail: WORDS,
        risk: {
          type: "string",
          enum: ["read-only", "safe", "disruptive", "destructive"],
          description:
            "read-only: changes nothing; safe: can be undone and nobody notices; disruptive: a member or its clients " +
            "notice; destructive: data or history is gone afterwards, and a copy is kept by an earlier step",
        },
        node: { ...orNull(STRING), description: "Where to run it; null: wherever etcdctl is" },
        command: { ...orNull(STRING), description: "POSIX shell. Never run by etcdscope" },
        precondition: orNull(
          complete({
            text: WORDS,
            state: { type: "string", enum: ["met", "refused", "unknown"] },
            because: WORDS,
          }),
        ),
        verify: orNull(WORDS),
        undo: orNull(WORDS),
      }),
    ),
  }),
} as const;
