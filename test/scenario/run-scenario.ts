/** One scenario file → the same file with what really came out: blocks of commands, "----", output, an empty line. */
import type { Evaluation } from "../../collector/diagnosis/evaluate.ts";
import { evaluate } from "../../collector/diagnosis/evaluate.ts";
import { DEFAULT_THRESHOLDS } from "../../collector/diagnosis/thresholds.ts";
import type { Tracker } from "../../collector/diagnosis/track.ts";
import { EMPTY_TRACKER } from "../../collector/diagnosis/track.ts";
import type { CollectorTrouble } from "../../collector/view/cluster-view.ts";
import { foldCluster } from "../../collector/view/fold.ts";
import type { ClusterFrames } from "../../collector/view/node-state.ts";
import { COMMANDS } from "./commands.ts";
import {
  describeChecks,
  describeEvidence,
  describeFindings,
  describeLinks,
  describeState,
} from "./describe.ts";
import { START_MS, World } from "./world.ts";

const LOOK_EVERY_MS = 500;
/** In a long run nothing is new after a while, and a look costs a millisecond. */
const SETTLED_AFTER_MS = 30_000;
const LOOK_WHEN_SETTLED_MS = 2000;

export function runScenario(source: string): string {
  const scenario = new Scenario();
  const blocks = source.trimEnd().split(/\n\n+/);
  const done = blocks.map((block) => {
    const [head = ""] = block.split(/^----$/m);
    const lines = head.trimEnd().split("\n");
    const commands = lines.filter((line) => line !== "" && !line.startsWith("#"));
    return commands.length === 0 ? block : `${lines.join("\n")}\n----\n${scenario.play(commands)}`;
  });
  return `${done.join("\n\n")}\n`;
}

class Scenario {
  private readonly world = new World();
  private frames: ClusterFrames = { cluster: "prod-a", nodes: new Map() };
  private tracker: Tracker = EMPTY_TRACKER;
  private last: Evaluation | undefined;
  private expectedVoters: number | undefined;
  private collectorStartedAtMs = START_MS - 60_000;
  private collectorTroubles: CollectorTrouble[] | undefined = [];
  private readonly resolved: string[] = [];

  play(commands: readonly string[]): string {
    const output = commands.flatMap((line) => this.execute(line.split(/\s+/)));
    return output.length > 0 ? output.join("\n") : this.show();
  }

  private execute([name = "", ...args]: readonly string[]): readonly string[] {
    switch (name) {
      case "run":
        this.run(Number.parseFloat(args[0] ?? "") * 1000);
        return [];
      case "expect-voters":
        this.expectedVoters = Number(args[0]);
        return [];
      case "collector":
        // collector disk-full | collector fine | collector unknown
        this.collectorTroubles = toTroubles(args[0] ?? "", this.world.nowMs);
        return [];
      case "restart-collector":
        this.tracker = EMPTY_TRACKER;
        this.collectorStartedAtMs = this.world.nowMs;
        return [];
      case "show":
        return [this.show()];
      case "findings":
        return [describeFindings(this.evaluation(), true)];
      case "evidence":
        return [describeEvidence(this.evaluation(), args)];
      case "links":
        return [describeLinks(this.evaluation())];
      case "checks":
        return [describeChecks(this.evaluation(), args)];
      default: {
        const command = COMMANDS[name];
        if (command === undefined) {
          throw new Error(`Expected a command of the scenario format, got "${name}"`);
        }
        command(this.world, args);
        return [];
      }
    }
  }

  /** Agents send once a second, the collector looks twice, and less often in the middle of a long run. */
  private run(durationMs: number): void {
    const { world } = this;
    const startMs = world.nowMs;
    for (const endMs = startMs + durationMs; world.nowMs < endMs;) {
      if ((world.nowMs - START_MS) % 1000 === 0) {
        for (const received of world.tick()) {
          this.frames = foldCluster(this.frames, received);
        }
      }
      const isSettled =
        world.nowMs - startMs > SETTLED_AFTER_MS && endMs - world.nowMs > LOOK_WHEN_SETTLED_MS;
      if (isSettled && (world.nowMs - START_MS) % LOOK_WHEN_SETTLED_MS !== 0) {
        world.nowMs += LOOK_EVERY_MS;
        continue;
      }
      this.last = evaluate(this.frames, this.tracker, {
        nowMs: world.nowMs,
        thresholds: DEFAULT_THRESHOLDS,
        expectedVoters: this.expectedVoters,
        collectorStartedAtMs: this.collectorStartedAtMs,
        collectorTroubles: this.collectorTroubles,
      });
      if (this.last.problems[0] !== undefined) {
        throw this.last.problems[0].cause;
      }
      this.tracker = this.last.tracker;
      this.resolved.push(...this.last.resolved.map(({ code, subject }) => `${code} ${subject.name}`));
      world.nowMs += LOOK_EVERY_MS;
    }
  }

  private evaluation(): Evaluation {
    if (this.last === undefined) {
      throw new Error("Expected a run before anything is shown");
    }
    return this.last;
  }

  private show(): string {
    const resolved = this.resolved.splice(0);
    const lines = [describeState(this.evaluation())];
    return [...lines, ...(resolved.length > 0 ? [`resolved  ${resolved.join(", ")}`] : [])].join("\n");
  }
}

function toTroubles(kind: string, sinceMs: number): CollectorTrouble[] | undefined {
  switch (kind) {
    case "disk-full":
    case "not-writable":
    case "not-kept-small":
    case "part-unreadable":
    case "names-full":
    case "names-of-agent":
    case "set-aside":
      return [{ kind, message: `History: ${kind}`, sinceMs }];
    case "fine":
      return [];
    case "unknown":
      return undefined;
    default:
      throw new Error(`Expected what the collector suffers from, got "${kind}"`);
  }
}
