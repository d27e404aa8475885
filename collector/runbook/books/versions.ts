/** VERSION_SKEW, VERSION_KNOWN_BAD: one version on all members, one member at a time, one minor version at a time. */
import { allVotersServe } from "../conditions.ts";
import type { Book } from "../step.ts";
import { say } from "../step.ts";
import { saveSnapshot } from "../steps/backup.ts";
import { lookAtCluster } from "../steps/look.ts";
import { restartOneByOne } from "../steps/service.ts";

export const versions: Book = {
  name: "versions",
  codes: ["VERSION_SKEW", "VERSION_KNOWN_BAD"],
  summary: ({ members }) => {
    const said = members.map(({ label, version }) => `${label} ${version?.text ?? "?"}`).join(", ");
    return say(
      `The members run ${said}. A mix is for the minutes of an upgrade; a version with known faults is left for the newest patch of the same minor one`,
      `各成员版本：${said}。混合版本只应存在于升级的几分钟内；有已知缺陷的版本应升级到同一次版本的最新补丁`,
    );
  },
  doNot: () => [
    say("skip a minor version", "跨次版本升级"),
    say(
      "put the older program back once all members run the newer one: the data may not be readable",
      "全部升级后换回旧程序：数据可能不可读",
    ),
  ],
  steps: (site) => [
    lookAtCluster(site),
    saveSnapshot(site),
    {
      title: say("Put the new program, or image, in place on each node", "在每个节点放置新的程序或镜像"),
      detail: say("The same one everywhere; nothing changes before a restart", "各处一致；重启前不会有变化"),
      risk: "safe",
      verify: say("etcd --version shows it", "etcd --version 显示新版本"),
      undo: say(
        "put the old one back, while one member has not been restarted",
        "只要还有成员未重启，可换回旧版本",
      ),
    },
    restartOneByOne(site, allVotersServe(site)),
    lookAtCluster(site),
  ],
};
