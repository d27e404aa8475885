/** What docs/PROBES.md says of each probe beside its cadence. Here and not in the agent, which would carry the words in memory. */

export interface ProbeNote {
  readonly reads: string;
  readonly costs: string;
  readonly needs: string;
}

/** By the probe's name. */
export const PROBE_NOTES: Readonly<Record<string, ProbeNote>> = {
  discovery: {
    reads:
      "/proc: processes named etcd (or k3s with an embedded one), their arguments, environment and configuration file; where none runs, kubeadm's manifest, systemd's unit, k3s's and RKE2's configuration and Docker's and Podman's records of their containers (config.v2.json, config.json, the 50 written last)",
    costs: "one stat of the known process a second; every process only when it is gone",
    needs: "to read /proc of etcd's user",
  },
  process: {
    reads: "/proc/PID/stat, status, wchan, cgroup of etcd",
    costs: "three small reads a second",
    needs: "to read /proc of etcd's user",
  },
  resources: {
    reads: "open files, limits, CPU time and throttling, pressure, memory and its limit (cgroup v1 and v2)",
    costs: "about ten small reads of /proc and /sys",
    needs: "to read /proc of etcd's user; pressure needs a kernel with PSI",
  },
  node: {
    reads: "host name, kernel, boot id and time, CPUs, memory, load of the last minute",
    costs: "seven small reads",
    needs: "nothing",
  },
  flags: {
    reads: "what discovery found: etcd's flags, secrets redacted",
    costs: "nothing",
    needs: "nothing",
  },
  filesystem: {
    reads:
      "statfs and mount of etcd's data and WAL directories, or of what is above them where etcd has not made them yet",
    costs: "two statfs and two stat",
    needs: "to enter etcd's directories",
  },
  filesystem_room: {
    reads: "statfs of the same",
    costs: "one statfs a second, every other second while there is plenty",
    needs: "to enter etcd's directories",
  },
  disk: {
    reads: "/proc/diskstats for the WAL's device; while it is busy, /proc/PID/io of every process",
    costs: "one read; while the disk is busy one a process, twice",
    needs: "CAP_SYS_PTRACE for the writers' names",
  },
  fsync: {
    reads: "the time of one write of 2300 bytes and fdatasync beside the WAL",
    costs: "one small write; rarer on a slow disk or at no tolerance, none when space is low",
    needs: "to write beside etcd's member directory",
  },
  certificate: {
    reads:
      "the certificates and keys that etcd's and the API server's flags name, up to 24 others of etcd's folder (.crt, .pem) with the keys beside them, the agent's own",
    costs:
      "one stat a second by turns; a file is read when it has changed; its key and authorities are looked at once a minute",
    needs: "to read etcd's certificate folder; keys are compared here and never sent",
  },
  status: {
    reads: "Status of the own member each second, of each other every third one",
    costs: "0.6 ms of etcd's CPU a call",
    needs: "the member's own certificate",
  },
  link: {
    reads:
      "how the last calls to the other members' ports went, GET /version of their peer ports, the kernel's view of etcd's peer connections",
    costs:
      "one request a peer and minute; /proc/PID/net/tcp while in doubt, and a request of 6 KiB every five seconds where small ones pass and etcd's own connections are stuck",
    needs: "the member's peer certificate",
  },
  listening: {
    reads: "who listens on the addresses of etcd's listen flags (/proc/PID/net/tcp, /proc/PID/fd)",
    costs:
      "two tables and etcd's descriptors when it has started and every ten minutes; every process's where another holds a port",
    needs: "to read /proc of etcd's user; CAP_SYS_PTRACE for the name of another holder",
  },
  firewall: {
    reads:
      "rules of the packet filter that name etcd's ports or block another member's address (iptables-save, iptables-legacy-save, nft)",
    costs:
      "up to three short child processes once an hour, and when a link has been in doubt for two seconds (at most once in ten seconds): 5 to 25 ms of CPU, 150 ms with 20,000 rules",
    needs:
      "CAP_NET_ADMIN, which the unit does not give: without it the finding says that the rules were not seen; etcd in the host's network",
  },
  peer_sockets: {
    reads:
      "round trip, timeouts, what was sent again and when the last came on etcd's own peer connections (ss of iproute2, filtered to the peers)",
    costs:
      "one short child process a minute, and when a link has been in doubt for two seconds, loses packets or has become slow (at most once in ten seconds): 4 to 6 ms of CPU, 2 of them the agent's",
    needs: "ss; to read /proc/PID/fd of etcd's user; etcd in the host's network",
  },
  network: {
    reads: "/proc/PID/net/snmp and netstat of etcd's network namespace",
    costs: "two reads; every three seconds while much is sent again",
    needs: "nothing",
  },
  read: {
    reads: "one key, serializable and linearizable",
    costs: "two ranges of no key",
    needs: "the member's own certificate; with authentication on, a user that may read",
  },
  health: {
    reads:
      "/readyz of the own member, or /health where that is all there is, while a read or Status of it fails",
    costs: "nothing while it answers; then one request a minute, of which etcd logs a line",
    needs: "the metrics address or the client port",
  },
  metrics: {
    reads: "/metrics of the own member",
    costs: "8 to 10 ms of etcd's CPU a look",
    needs: "the metrics address or the client port",
  },
  members: {
    reads: "MemberList of the own member, without a quorum",
    costs: "one call",
    needs: "the member's own certificate",
  },
  hash_kv: {
    reads: "HashKV of every member at one revision, one after the other",
    costs:
      "each member reads its whole database: only when a collector asks, once a day (an hour after one that met different compactions, once a week where it took more than 5 s), never with other worries; only the first collector of the configuration is heard, and a member that does not answer in time ends the comparison",
    needs: "the member's own certificate; with authentication on, a user",
  },
  backups: {
    reads:
      "names, sizes and times in backups.dir and one level below; the first pages and the sha256 of the newest snapshots",
    costs: "each file is read once, 32 MiB every two seconds, until two good ones are known",
    needs: "backups.dir in the configuration, and to read it",
  },
  growth: {
    reads: "the database's size in use and the used room of its disks, summed up over a day",
    costs: "one Status and two statfs; 5 KiB of memory",
    needs: "two hours before it says anything",
  },
  storage_places: {
    reads:
      "which disk the WAL, container images, kubelet's files, logs and the spool are on (/proc mounts, /sys/class/block)",
    costs: "six stat every ten minutes",
    needs: "nothing",
  },
  served: {
    reads:
      "the certificates that members showed on the connections that are open, and what the own peer port shows",
    costs:
      "one connection to the own peer port, made as a peer makes it, every 15 minutes and when its certificate has changed; else no request at all",
    needs: "the member's peer certificate",
  },
  etcd_files: {
    reads: "names, sizes and times of etcd's WAL and snapshot files",
    costs: "a stat a file, about ten",
    needs: "to enter etcd's directories",
  },
  clock_sync: {
    reads:
      "which time service runs, when timesyncd last heard a time source, when chrony or ntpd last wrote its drift file",
    costs: "the names of all processes every five minutes",
    needs: "nothing",
  },
  logs: {
    reads:
      "etcd's log: journald's files (of its unit, or of its container where Docker or Podman log there), the pod's, Docker's or Podman's of its container, also of one that is dead, or a file",
    costs:
      "what was appended, at most 256 KiB of a file or 512 KiB of a journal a look; a journal by one `journalctl --follow` that stays: no CPU while the journal is silent, 0.1 ms an entry of etcd's, 0.05 ms one of others, 1 MiB of memory (3.5 MiB with what it shares)",
    needs: "to read the log",
  },
  start: {
    reads:
      "while etcd is gone: owner and mode of its directories, its certificate files, its configuration file, who holds its ports (/proc/net/tcp, /proc/PID/fd), the front of its database; what it would start with, from its manifest, its unit with drop-ins and environment files, k3s's and RKE2's configuration, or Docker's or Podman's record of its container with the places that it mounts",
    costs:
      "a few stat and small reads, only while no etcd runs; where nothing but Docker or Podman may start it, one stat a container (500 at most) and 50 reads at most",
    needs: "to enter etcd's directories; CAP_SYS_PTRACE for the name of a port's holder",
  },
  kernel: {
    reads: "/dev/kmsg: IO errors, file systems that shut down, hung tasks, what was killed for memory",
    costs: "one read without waiting",
    needs: "CAP_SYSLOG",
  },
  pause: {
    reads:
      "the agent's own clock: a second that took far longer than a second, of the machine or of the agent",
    costs: "nothing",
    needs: "nothing",
  },
  process_end: {
    reads:
      "how systemd says that etcd's unit ended (code, signal, result, restarts), or what containerd, CRI-O, Docker or Podman wrote down of its container; of a pod that was dead at the first look, which container that was by the kubelet's names in /var/log/containers",
    costs:
      "one systemctl show, or a few small files, each time etcd has vanished, and once when it was dead already at the agent's start (of a container, until its end is written down); nothing while it runs",
    needs: "systemd, or to read the runtime's folder",
  },
};
