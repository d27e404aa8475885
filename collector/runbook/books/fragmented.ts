/** DB_FRAGMENTED: free pages inside of the file. Harmless until the quota is near; one member at a time. */
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { saveSnapshot } from "../steps/backup.ts";
import { defragmentAll } from "../steps/defragment.ts";
import { lookAtCluster } from "../steps/look.ts";

export const fragmented: Book = {
  name: "fragmented",
  codes: ["DB_FRAGMENTED"],
  summary: ({ subject }) =>
    say(
      `Much of the database file of ${subject.label} is free pages: they count against the quota and are used again by etcd itself. It is no cure for a slow disk`,
      `${subject.label} 的数据库文件中有大量空闲页：计入配额，但 etcd 会自行复用。整理不能治愈慢磁盘`,
    ),
  doNot: () => [say("use defrag --cluster while clients are served", "在对外服务时使用 defrag --cluster")],
  steps: (site) => [lookAtCluster(site), saveSnapshot(site), ...defragmentAll(site), lookAtCluster(site)],
};
