/** The quorum as a picture: who serves, who leads, who reaches whom, and into which groups it has fallen. */
import type { VNode } from "preact";
import type { ClusterState, LinkReport, MemberReport } from "../../../shared/rest.ts";
import { MEMBER_STATE_WORDS } from "../../../shared/state-words.ts";
import { formatRtt } from "../format/format-rtt.ts";
import { CLUSTER } from "../i18n/catalogue/cluster.ts";
import { say } from "../i18n/language.ts";
import { MEMBER_TONE } from "../parts/tones.ts";
import {
  drawArc,
  FRAME_SIZE,
  orderMembers,
  outlineGroup,
  placeMembers,
  type Point,
} from "./layout-quorum.ts";
import { findLink, toneOfLink } from "./link-tone.ts";

/** With more members every healthy link would carry a number that nobody can read. */
const LABELS_UP_TO = 3;

export interface QuorumDrawingProps {
  readonly state: ClusterState;
  readonly links: readonly LinkReport[];
}

export function QuorumDrawing({ state, links }: QuorumDrawingProps): VNode {
  const { quorum, members, leader } = state;
  const split = quorum.groups.length > 1 ? quorum.groups : [];
  const drawn = members.filter((member) => member.state !== "removed");
  const places = placeMembers(
    orderMembers(
      drawn.map(({ name }) => name),
      split,
    ),
    FRAME_SIZE,
  );
  return (
    <svg class="quorum" viewBox={fitView([...places.values()])} role="img" aria-label={describe(state)}>
      {split.map((group) => (
        <path
          key={group.join()}
          class={group.length >= quorum.needed ? "group group-majority" : "group"}
          d={outlineGroup(group.flatMap((name) => places.get(name) ?? []))}
        />
      ))}
      {pairs(drawn).map(([from, to]) => (
        <LinkArc
          key={`${from} ${to}`}
          link={findLink(links, from, to)}
          ends={[places.get(from), places.get(to)]}
          isLabelled={drawn.length <= LABELS_UP_TO}
          name={`${from} → ${to}`}
        />
      ))}
      {drawn.map((member) => (
        <MemberDisc
          key={member.memberId}
          member={member}
          place={places.get(member.name)}
          term={leader?.member === member.name ? leader.term : undefined}
        />
      ))}
    </svg>
  );
}

interface LinkArcProps {
  readonly link: LinkReport | undefined;
  readonly ends: readonly [Point | undefined, Point | undefined];
  readonly isLabelled: boolean;
  readonly name: string;
}

function LinkArc({ link, ends: [from, to], isLabelled, name }: LinkArcProps): VNode | null {
  if (from === undefined || to === undefined) {
    return null;
  }
  const tone = toneOfLink(link);
  const { path, middle } = drawArc(from, to, FRAME_SIZE.disc);
  const rtt = link?.state === "up" && link.rttMs !== null ? formatRtt(link.rttMs) : "";
  return (
    <g class={`link tone-${tone}`}>
      <title>{`${name}: ${link === undefined ? say(CLUSTER.linkUnknown) : say(link.why)} ${rtt}`}</title>
      <path class="link-reach" d={path} />
      <path class="link-line" d={path} />
      <ArrowHead path={path} />
      {tone === "bad" ? <Cross at={middle} /> : null}
      {rtt !== "" && (isLabelled || tone !== "ok") ? (
        <text class="link-label" x={middle.x} y={middle.y}>
          {rtt}
        </text>
      ) : null}
    </g>
  );
}

/** Pointing along the end of the arc. */
function ArrowHead({ path }: { readonly path: string }): VNode {
  const [, , , controlX = 0, controlY = 0, endX = 0, endY = 0] = path.split(/[ MQ]+/).map(Number);
  const degrees = (Math.atan2(endY - controlY, endX - controlX) * 180) / Math.PI;
  return (
    <path
      class="link-head"
      d="M-8 -4 L1 0 L-8 4"
      transform={`translate(${endX} ${endY}) rotate(${degrees})`}
    />
  );
}

function Cross({ at }: { readonly at: Point }): VNode {
  return <path class="link-cross" d="m-5 -5 10 10m0 -10-10 10" transform={`translate(${at.x} ${at.y})`} />;
}

interface MemberDiscProps {
  readonly member: MemberReport;
  readonly place: Point | undefined;
  /** Only of the leader. */
  readonly term: string | undefined;
}

function MemberDisc({ member, place, term }: MemberDiscProps): VNode | null {
  if (place === undefined) {
    return null;
  }
  const { disc } = FRAME_SIZE;
  const isLeader = term !== undefined;
  return (
    <g
      class={`member-disc tone-${MEMBER_TONE[member.state]} is-${member.state} ${isLeader ? "is-leader" : ""}`}
      transform={`translate(${place.x} ${place.y})`}
    >
      <title>{`${member.name}: ${say(member.why)}`}</title>
      {isLeader ? <circle class="disc-crown" r={disc + 5} /> : null}
      <circle class="disc" r={disc} />
      <text class="disc-name" y={isLeader ? -4 : 5}>
        {shorten(member.name)}
      </text>
      {isLeader ? (
        <text class="disc-role" y={13}>
          {say(CLUSTER.leader)}
        </text>
      ) : null}
      <text class="disc-state" y={disc + 19}>
        {say(MEMBER_STATE_WORDS[member.state])}
        {isLeader ? ` · ${say(CLUSTER.term)} ${term}` : ""}
      </text>
    </g>
  );
}

const NAME_CHARS = 9;

/** The whole name is in the title and the table. */
function shorten(name: string): string {
  return name.length <= NAME_CHARS ? name : `…${name.slice(1 - NAME_CHARS)}`;
}

function pairs(members: readonly MemberReport[]): readonly (readonly [string, string])[] {
  const names = members.map(({ name }) => name);
  return names.flatMap((from) => names.filter((to) => to !== from).map((to) => [from, to] as const));
}

/** Only what is drawn, with room for the words below the lowest member. */
function fitView(places: readonly Point[]): string {
  const { width, disc } = FRAME_SIZE;
  const top = Math.min(...places.map(({ y }) => y)) - disc - 14;
  const bottom = Math.max(...places.map(({ y }) => y)) + disc + 30;
  return places.length === 0 ? `0 0 ${width} 100` : `0 ${top} ${width} ${bottom - top}`;
}

function describe({ quorum, leader, members }: ClusterState): string {
  const states = members.map((member) => `${member.name} ${say(MEMBER_STATE_WORDS[member.state])}`);
  const leading = leader === null ? say(CLUSTER.noLeader) : `${say(CLUSTER.leader)} ${leader.member}`;
  const groups =
    quorum.groups.length > 1
      ? `; ${say(CLUSTER.split)}: ${quorum.groups.map((group) => group.join(", ")).join(" | ")}`
      : "";
  return `${say(CLUSTER.drawing)}: ${leading}; ${states.join(", ")}${groups}`;
}
