/** etcd's flags, a column a member; what differs and should not is marked. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { FlagReport } from "../../../shared/rest.ts";
import { useFlags } from "../data/planner-resources.ts";
import { TABLES } from "../i18n/catalogue/tables.ts";
import { say } from "../i18n/language.ts";
import { Card } from "../parts/card.tsx";
import { Glyph } from "../parts/glyph.tsx";
import { Notice, ResourceNotice } from "../parts/notice.tsx";
import { TableScroll } from "../parts/table-scroll.tsx";

export function ConfigPage({ cluster }: { readonly cluster: string }): VNode {
  const resource = useFlags(cluster);
  const [isShort, setShort] = useState(false);
  const flags = resource.data?.flags;
  const shown = (flags ?? []).filter(({ differs }) => !isShort || differs);
  return (
    <Card
      title={say(TABLES.config)}
      isPage
      aside={
        <button type="button" class="button" aria-pressed={isShort} onClick={() => setShort(!isShort)}>
          {say(TABLES.onlyDiffering)}
        </button>
      }
    >
      {flags === undefined ? (
        <ResourceNotice resource={resource} rows={7} />
      ) : flags.length === 0 ? (
        <Notice tone="unknown" title={say(TABLES.noConfig)} />
      ) : shown.length === 0 ? (
        <Notice tone="ok" title={say(TABLES.noDifference)} />
      ) : (
        <FlagTable flags={shown} />
      )}
    </Card>
  );
}

/** Drift first, then what differs, then by name. */
function rank({ isDrift, differs }: FlagReport): number {
  return isDrift ? 0 : differs ? 1 : 2;
}

function FlagTable({ flags }: { readonly flags: readonly FlagReport[] }): VNode {
  const members = [...new Set(flags.flatMap(({ values }) => values.map(({ member }) => member)))].sort();
  const sorted = [...flags].sort(
    (left, right) => rank(left) - rank(right) || left.flag.localeCompare(right.flag),
  );
  return (
    <TableScroll label={say(TABLES.config)}>
      <table class="table flags">
        <thead>
          <tr>
            <th scope="col">{say(TABLES.flag)}</th>
            {members.map((member) => (
              <th key={member} scope="col">
                {member}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((flag) => (
            <tr key={flag.flag} class={flag.isDrift ? "is-drift tone-warn" : ""}>
              <th scope="row">
                <span class="with-glyph">
                  {flag.isDrift ? <Glyph tone="warn" label={say(TABLES.drift)} /> : null}
                  <code>{flag.flag}</code>
                  {flag.isDrift ? <span class="badge">{say(TABLES.drift)}</span> : null}
                </span>
              </th>
              {members.map((member) => {
                const value = flag.values.find((one) => one.member === member);
                return (
                  <td key={member} class="breaks">
                    <code class={value?.isGiven === true ? "" : "faint"}>{value?.value ?? "–"}</code>
                    {value?.isGiven === false && value.value !== null ? (
                      <span class="faint"> {say(TABLES.byDefault)}</span>
                    ) : null}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}
