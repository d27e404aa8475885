/** `etcdscope can-i stop MEMBER`: exit code 0 safe, 1 unsafe, 3 nobody can tell. */
import type { CanStop } from "../shared/rest-incident.ts";
import type { Text } from "../shared/text.ts";
import { resolveCluster } from "./ask-options.ts";
import type { CollectorClient } from "./collector-client.ts";
import type { Style, Terminal } from "./terminal.ts";
import { padText, wrapText } from "./view/text-width.ts";

export interface CanIRequest {
  readonly cluster: string | undefined;
  readonly member: string;
  readonly json: boolean;
}

interface Look {
  readonly code: number;
  readonly style: Style;
  readonly word: Text;
}

const SAFE: Look = { code: 0, style: "green", word: { en: "YES", zh: "可以" } };
const UNSAFE: Look = { code: 1, style: "red", word: { en: "NO", zh: "不可以" } };
const UNKNOWN: Look = { code: 3, style: "magenta", word: { en: "UNKNOWN", zh: "未知" } };

const EFFECTS = {
  blocks: { en: "no", zh: "阻止" },
  unknown: { en: "unknown", zh: "未知" },
  note: { en: "note", zh: "说明" },
} as const satisfies Record<string, Text>;

const LABEL_WIDTH = 9;

export async function runCanI(
  client: CollectorClient,
  request: CanIRequest,
  terminal: Terminal,
): Promise<number> {
  const cluster = await resolveCluster(client, request.cluster);
  const path = `/api/v1/clusters/${encodeURIComponent(cluster)}/can-i/stop/${encodeURIComponent(request.member)}`;
  const answer = await client.get<CanStop>(path);
  const look = answer.safe === null ? UNKNOWN : answer.safe ? SAFE : UNSAFE;
  terminal.write(request.json ? `${JSON.stringify(answer, null, 2)}\n` : render(answer, look, terminal));
  return look.code;
}

function render(answer: CanStop, look: Look, terminal: Terminal): string {
  const { language } = terminal;
  const { after, member, cluster } = answer;
  const question = { en: `stop ${member}`, zh: `停止 ${member}` };
  const left = {
    en: `${after.serving} of ${after.voters} voters would carry it, ${after.needed} needed`,
    zh: `之后 ${after.voters} 个投票成员中 ${after.serving} 个可支撑集群，需要 ${after.needed} 个`,
  };
  const head = `${terminal.style("bold", cluster)}   ${question[language]}   ${terminal.style([look.style, "bold"], look.word[language])}   ${left[language]}\n`;
  const order = ["blocks", "unknown", "note"];
  const reasons = [...answer.reasons].sort((a, b) => order.indexOf(a.effect) - order.indexOf(b.effect));
  const lines = reasons.flatMap(({ effect, text }) =>
    wrapText(text[language], terminal.columns - LABEL_WIDTH - 2).map((line, index) => {
      const label = index === 0 ? EFFECTS[effect][language] : "";
      return `  ${padText(label, LABEL_WIDTH)}${line}\n`;
    }),
  );
  return head + lines.join("");
}
