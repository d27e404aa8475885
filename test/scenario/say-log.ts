/** Lines as etcd writes them → the events that its agent sends, by the catalogue and the gate that the agent has. */
import { LogEventGate } from "../../agent/probe/log-event-gate.ts";
import { createLogClassifier } from "../../shared/log/classify.ts";
import type { LogClassifier } from "../../shared/log/classify.ts";
import type { WorldAgent } from "./world-member.ts";
import type { World } from "./world.ts";

interface LogReader {
  readonly classifier: LogClassifier;
  readonly gate: LogEventGate;
}

const readers = new WeakMap<WorldAgent, LogReader>();

/** log m3 LINE: one line of its log, however it looks; a sign in it is sent with the next frame, as if it were written now. */
export function sayLog(world: World, [name = "", ...words]: readonly string[]): void {
  const agent = world.agent(name);
  const reader = readers.get(agent) ?? {
    classifier: createLogClassifier(world.nowMs),
    gate: new LogEventGate(),
  };
  readers.set(agent, reader);
  const line = words.join(" ");
  const event = reader.classifier.classify(line);
  if (event === undefined) {
    return;
  }
  const { code, severity, parsed } = event;
  const said = parsed.error === "" ? parsed.message : `${parsed.message}: ${parsed.error}`;
  const told = reader.gate.take([{ code, severity, atMs: world.nowMs, excerpt: line, said }], world.nowMs);
  agent.events.push(...told.map(({ kind, attributes }) => ({ kind, attributes })));
}
