/** Stories (log-story.ts) of a machine that gives etcd too little. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createGroup } from "./control-group.ts";
import { follower, leader, type Story } from "./log-story.ts";
import { runCommand } from "./run-command.ts";
import { startWrites } from "./write-load.ts";

/** etcd warns of one above a second. */
const SLOW_FLUSH_US = 1_300_000;

export const MACHINE_STORIES: Readonly<Record<string, Story>> = {
  /** Its own flushes alone: what the disk of a member does to it. */
  "slow-disk": {
    run: async ({ etcd, until }) => {
      const victim = await leader(etcd);
      const writes = startWrites(etcd);
      const inject = `inject=fdatasync,fsync:delay_exit=${SLOW_FLUSH_US}`;
      const tracer = spawn(
        "strace",
        ["-qq", "-f", "-o/dev/null", `-p${victim.pid}`, "-efdatasync,fsync", "-e", inject],
        {
          stdio: "ignore",
        },
      );
      try {
        await until(victim, /slow fdatasync|sync duration of/, 30_000);
        await delay(15_000);
      } finally {
        tracer.kill("SIGINT");
        await once(tracer, "exit");
        await writes.stop();
      }
      await delay(2000);
    },
  },
  /** etcd itself has no time to say a word: what the kernel says stands in start.log, which is captured too. */
  "oom-kill": {
    run: async ({ etcd, dir, until }) => {
      const victim = await follower(etcd);
      const others = etcd.members.filter((member) => member !== victim).map(({ clientUrl }) => clientUrl);
      const watcher = await leader(etcd);
      const { pid } = victim;
      const group = createGroup("memory", victim);
      try {
        writeFileSync(join(group.path, "memory.limit_in_bytes"), "40M");
        writeFileSync(join(group.path, "cgroup.procs"), String(pid));
        const value = "x".repeat(1_000_000);
        for (let count = 0; count < 200 && victim.isRunning(); count += 1) {
          await etcd.etcdctl.run(others, ["put", `/large/${count % 20}`], value);
        }
        await until(watcher, "connection refused", 15_000);
        await delay(3000);
      } finally {
        await victim.kill();
        group.remove();
      }
      const { stdout } = await runCommand(["dmesg"]);
      const said = stdout.split("\n").filter((line) => line.includes(`Killed process ${pid} `));
      writeFileSync(join(dir, "start.log"), `${said.join("\n")}\n`);
      await victim.start();
      await etcd.waitHealthy();
    },
  },
};
