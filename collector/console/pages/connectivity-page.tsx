/** The directed matrix: every member against every other, on both ports, layer by layer. */
import type { VNode } from "preact";
import type { LayerState, LinkReport } from "../../../shared/rest.ts";
import { useLinks } from "../data/cluster-resources.ts";
import { formatRtt } from "../format/format-rtt.ts";
import { LINK_STATES } from "../i18n/catalogue/states.ts";
import { TABLES } from "../i18n/catalogue/tables.ts";
import { say } from "../i18n/language.ts";
import { Card } from "../parts/card.tsx";
import { Glyph } from "../parts/glyph.tsx";
import { Moment } from "../parts/moment.tsx";
import { Notice, ResourceNotice } from "../parts/notice.tsx";
import { TableScroll } from "../parts/table-scroll.tsx";
import { LAYER_TONE } from "../parts/tones.ts";
import { toneOfLink } from "../quorum/link-tone.ts";

export function ConnectivityPage({ cluster }: { readonly cluster: string }): VNode {
  const resource = useLinks(cluster);
  const links = resource.data?.links;
  return (
    <Card title={say(TABLES.connectivity)} isPage>
      <p class="muted">{say(TABLES.connectivityHint)}</p>
      {links === undefined ? (
        <ResourceNotice resource={resource} />
      ) : links.length === 0 ? (
        <Notice tone="unknown" title={say(TABLES.noLinks)} />
      ) : (
        <div class="two-columns matrices">
          <Matrix title={say(TABLES.peerPort)} links={links.filter(({ port }) => port === "peer")} />
          <Matrix title={say(TABLES.clientPort)} links={links.filter(({ port }) => port === "client")} />
        </div>
      )}
    </Card>
  );
}

interface MatrixProps {
  readonly title: string;
  readonly links: readonly LinkReport[];
}

function Matrix({ title, links }: MatrixProps): VNode {
  const names = [...new Set(links.flatMap(({ from, to }) => [from, to]))].sort();
  return (
    <TableScroll label={title}>
      <table class="matrix">
        <caption>{title}</caption>
        <thead>
          <tr>
            <td class="faint">{say(TABLES.fromTo)}</td>
            {names.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {names.map((from) => (
            <tr key={from}>
              <th scope="row">{from}</th>
              {names.map((to) => (
                <MatrixCell key={to} link={links.find((link) => link.from === from && link.to === to)} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}

function MatrixCell({ link }: { readonly link: LinkReport | undefined }): VNode {
  if (link === undefined) {
    return <td class="matrix-none">·</td>;
  }
  const tone = toneOfLink(link);
  const layers: readonly (readonly [string, LayerState])[] = [
    ["TCP", link.tcp],
    ["TLS", link.tls],
    ["HTTP", link.http],
  ];
  return (
    <td class={`matrix-cell tone-${tone}`} title={say(link.why)}>
      <span class="with-glyph">
        <Glyph tone={tone} label={say(LINK_STATES[link.state])} />
        <b>
          {link.state !== "up" || link.rttMs === null ? say(LINK_STATES[link.state]) : formatRtt(link.rttMs)}
        </b>
      </span>
      <span class="layers">
        {layers.map(([name, state]) => (
          <span key={name} class={`layer tone-${LAYER_TONE[state]} is-${state}`} title={`${name}: ${state}`}>
            {name}
            {state === "ok" ? "" : state === "failed" ? " ✕" : " ?"}
          </span>
        ))}
      </span>
      {tone === "ok" ? null : <span class="sub matrix-why">{say(link.why)}</span>}
      {tone === "ok" || link.since === null ? null : (
        <span class="sub faint">
          <Moment at={link.since} withAge />
        </span>
      )}
    </td>
  );
}
