/** What a conclusion rests on: each fact with its value, its limit, where it was read and when. */
import type { VNode } from "preact";
import type { Evidence } from "../../../../shared/rest.ts";
import { formatValue } from "../../format/format-value.ts";
import { CLUSTER } from "../../i18n/catalogue/cluster.ts";
import { say } from "../../i18n/language.ts";
import { Moment } from "../../parts/moment.tsx";

export function EvidenceList({ evidence }: { readonly evidence: readonly Evidence[] }): VNode {
  return (
    <>
      <h3>{say(CLUSTER.evidence)}</h3>
      <ul class="evidence">
        {evidence.map((one, index) => (
          <li key={index}>
            <span class="evidence-text">{say(one.text)}</span>
            <span class="faint">
              {one.value === undefined ? null : (
                <b class="evidence-value">
                  {formatValue(one.value, one.unit ?? "")}
                  {one.threshold === undefined
                    ? ""
                    : ` (${say(CLUSTER.limit)} ${formatValue(one.threshold, one.unit ?? "")})`}{" "}
                </b>
              )}
              {one.node} · {one.source} · <Moment at={one.at} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
