/** What could be restored: each directory of backups with its newest snapshots, and whether each was found whole. */
import type { VNode } from "preact";
import type { BackupDirectoryReport, BackupState } from "../../../shared/rest.ts";
import { nowMs } from "../data/browser-clock.ts";
import { useBackups } from "../data/planner-resources.ts";
import { formatDuration } from "../format/format-duration.ts";
import { formatBytes } from "../format/format-value.ts";
import { BACKUP_STATES, TABLES } from "../i18n/catalogue/tables.ts";
import { say } from "../i18n/language.ts";
import { Card } from "../parts/card.tsx";
import { Moment } from "../parts/moment.tsx";
import { Notice, ResourceNotice } from "../parts/notice.tsx";
import { StatusLabel } from "../parts/status-label.tsx";
import type { Tone } from "../parts/tone.ts";
import { momentMs } from "../route/place.ts";

const STATE_TONE: Readonly<Record<BackupState, Tone>> = {
  valid: "ok",
  truncated: "bad",
  "hash-mismatch": "bad",
  "not-a-database": "bad",
  unknown: "unknown",
};

export function BackupsPage({ cluster }: { readonly cluster: string }): VNode {
  const resource = useBackups(cluster);
  const directories = resource.data?.directories;
  return (
    <Card title={say(TABLES.backups)} isPage>
      {directories === undefined ? (
        <ResourceNotice resource={resource} />
      ) : directories.length === 0 ? (
        <Notice tone="unknown" title={say(TABLES.noBackups)}>
          <p>{say(TABLES.noBackupsHint)}</p>
        </Notice>
      ) : (
        directories.map((directory) => (
          <Directory key={`${directory.node} ${directory.directory}`} directory={directory} />
        ))
      )}
    </Card>
  );
}

function Directory({ directory }: { readonly directory: BackupDirectoryReport }): VNode {
  const newest = directory.snapshots[0];
  const now = momentMs.value ?? nowMs();
  const ageMs = newest === undefined ? undefined : now - Date.parse(newest.modifiedAt);
  const isLate = ageMs === undefined || ageMs > directory.maxAgeSeconds * 1_000;
  return (
    <section class="backup-directory">
      <h2 class="breaks">
        {directory.node} <code>{directory.directory}</code>
      </h2>
      <p class="backup-facts">
        <StatusLabel
          tone={directory.problem === null ? (isLate ? "warn" : "ok") : "unknown"}
          text={
            ageMs === undefined ? "–" : `${say(TABLES.newest)}: ${say(formatDuration(Math.max(0, ageMs)))}`
          }
        />
        <span class="muted">
          {say(TABLES.allowedAge)} {say(formatDuration(directory.maxAgeSeconds * 1_000))} ·{" "}
          {say(TABLES.snapshots)} {directory.count}
          {directory.availableBytes === null
            ? ""
            : ` · ${formatBytes(directory.availableBytes)} ${say(TABLES.free)}`}
        </span>
      </p>
      {directory.problem === null ? null : <Notice tone="unknown" title={directory.problem} />}
      {directory.snapshots.length === 0 ? null : (
        <table class="table stacks">
          <thead>
            <tr>
              <th scope="col">{say(TABLES.file)}</th>
              <th scope="col">{say(TABLES.state)}</th>
              <th scope="col">{say(TABLES.made)}</th>
              <th scope="col" class="number">
                {say(TABLES.size)}
              </th>
            </tr>
          </thead>
          <tbody>
            {directory.snapshots.map((snapshot) => (
              <tr key={snapshot.name}>
                <th scope="row" class="breaks">
                  <code>{snapshot.name}</code>
                </th>
                <td data-label={say(TABLES.state)}>
                  <StatusLabel
                    tone={STATE_TONE[snapshot.state]}
                    text={say(BACKUP_STATES[snapshot.state] ?? TABLES.problem)}
                  />
                  {snapshot.problem === null ? null : <span class="sub faint">{snapshot.problem}</span>}
                </td>
                <td data-label={say(TABLES.made)}>
                  <Moment at={snapshot.modifiedAt} withAge />
                </td>
                <td class="number" data-label={say(TABLES.size)}>
                  {formatBytes(snapshot.sizeBytes)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
