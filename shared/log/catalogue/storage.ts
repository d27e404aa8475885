/** Disk and data: tested before everything else, since a full disk also makes WAL and start lines look like something worse. */
import { ANYONE, ETCD_ONLY } from "../signature.ts";
import type { Signature } from "../signature.ts";

export const STORAGE_SIGNATURES: readonly Signature[] = [
  {
    code: "DISK_FULL",
    severity: "critical",
    match: /no space left on device|disk quota exceeded/,
    origins: ETCD_ONLY,
    example:
      '{"level":"fatal","caller":"backend/batch_tx.go:282","msg":"failed to commit tx","error":"write /var/lib/etcd/member/snap/db: no space left on device"}',
    source: "3.5.16, captured: disk-full",
  },
  {
    code: "DISK_FULL",
    severity: "critical",
    match:
      /(?:wal|member|snap|etcd).*: no space left on device|failed to (?:allocate|preallocate) space when creating (?:a )?new wal/i,
    example: "failed to allocate space when creating new wal file (no space left on device)",
    source: "3.4 wal/file_pipeline.go",
  },
  {
    code: "FS_READ_ONLY",
    severity: "critical",
    match: /read-only file system/,
    origins: ETCD_ONLY,
    example:
      '{"level":"fatal","caller":"etcdserver/storage.go:100","msg":"failed to save Raft hard state and entries","error":"write /var/lib/etcd/member/wal/0.wal: read-only file system"}',
    source: "3.5 etcdserver/storage.go, with Linux's text for EROFS",
  },
  {
    code: "DISK_IO_ERROR",
    severity: "critical",
    match: /input\/output error|structure needs cleaning/,
    origins: ETCD_ONLY,
    example:
      '{"level":"fatal","caller":"backend/batch_tx.go:282","msg":"failed to commit tx","error":"sync /var/lib/etcd/member/snap/db: input/output error"}',
    source: "3.5 mvcc/backend/batch_tx.go, with Linux's text for EIO",
  },
  {
    code: "START_SNAP_CORRUPT",
    severity: "critical",
    match:
      /snap: crc mismatch|failed to (?:read|unmarshal) snapshot|snap: empty snapshot|cannot unmarshal corrupted snapshot/,
    example: "snap: crc mismatch",
    source: "3.4 to 3.6 etcdserver/api/snap/snapshotter.go",
  },
  {
    code: "WAL_CRC_MISMATCH",
    severity: "critical",
    match:
      /(?:wal|walpb|WAL)\b.*crc mismatch|crc mismatch.*\bwal\b|discovery failed: .*crc mismatch|walpb: crc mismatch/,
    example:
      '{"level":"fatal","caller":"etcdmain/etcd.go:204","msg":"discovery failed","error":"walpb: crc mismatch"}',
    source: "3.5.16, captured: wal-corrupt",
  },
  {
    code: "RAFT_LOG_LOST",
    severity: "critical",
    match: /tocommit\(\d+\) is out of range|Was the raft log corrupted, truncated, or lost/,
    example:
      "panic: tocommit(41) is out of range [lastIndex(0)]. Was the raft log corrupted, truncated, or lost?",
    source: "3.5.16, captured: wal-lost",
  },
  {
    code: "START_WAL_CORRUPT",
    severity: "critical",
    match:
      /failed to (?:read|open|repair) WAL|(?:read|open) wal error|wal: (?:file not found|snapshot not found|snapshot mismatch|slice bounds out of range|max entry size limit exceeded|zero-length|conflicting metadata|.*unexpected EOF)|cannot be repaired|failed to find matching snapshot|^proto: (?:Record|Snapshot|HardState|Entry|raftpb)\S* |failed to valid(?:ate)? snapshot(?:s)? (?:entries )?in (?:the )?wal/i,
    unless: /file .* is repaired|repaired WAL/i,
    example:
      '{"level":"fatal","caller":"etcdserver/storage.go:112","msg":"failed to read WAL, cannot be repaired","error":"wal: slice bounds out of range"}',
    source: "3.4 to 3.6 etcdserver/storage.go, wal/wal.go",
  },
  {
    code: "SNAP_DB_MISSING",
    severity: "critical",
    match:
      /failed to find database snapshot file|failed to recover v3 backend from snapshot|snap: snapshot file doesn't exist/,
    example:
      '{"level":"panic","caller":"etcdserver/server.go:518","msg":"failed to recover v3 backend from snapshot","error":"failed to find database snapshot file (snap: snapshot file doesn\'t exist)"}',
    source: "3.5.16, captured: snap-db-missing",
  },
  {
    code: "START_DB_CORRUPT",
    severity: "critical",
    match:
      /failed to open database|cannot open database at|freepages: |Page expected to be|page \d+ already freed|page \d+: (?:already freed|multiple references|unreachable unfreed)|invalid (?:database|freelist page)|panic: assertion failed|unexpected fault address|file size too small|panic: page \d+/,
    unless: /permission denied|timeout/,
    example:
      '{"level":"panic","caller":"backend/backend.go:201","msg":"failed to open database","path":"/var/lib/etcd/member/snap/db","error":"invalid database"}',
    source: "3.5.16, captured: db-corrupt",
  },
  {
    code: "DATA_CORRUPT",
    severity: "critical",
    match:
      /found data inconsistency|found different hash values from remote peer|found hash mismatch|checkInitialHashKV failed|same compact revision then hashes must match|[Dd]etected compaction hash mismatch|corrupt cluster|cluster may be corrupt|ALARM CORRUPT|alarm(?:: ?| )"?CORRUPT|'s hash \d+ != \S+'s hash|hash \d+ at revision \d+ from member \w+, expected hash|hash(?:es|KV)? (?:of|from) .* (?:differ(?!ent compact revision)|mismatch)|inconsistent snapshot/,
    origins: ANYONE,
    example:
      '{"level":"warn","caller":"etcdserver/corrupt.go:125","msg":"found different hash values from remote peer","local-member-hash":2598402832,"remote-peer-hash":3295362364}',
    source: "3.5.16, captured: data-corrupt",
  },
  {
    code: "DATA_CORRUPT",
    severity: "critical",
    match: /^(?:alarm raised|serving \/health false due to an alarm|alarm CORRUPT raised by peer)/,
    field: { name: "alarm", match: /CORRUPT/ },
    example:
      '{"level":"warn","caller":"etcdserver/apply.go:752","msg":"alarm raised","alarm":"CORRUPT","from":"0"}',
    source: "3.5.16, captured: data-corrupt",
  },
  {
    code: "QUOTA_EXCEEDED",
    severity: "critical",
    match:
      /database space exceeded|etcdserver: no space|alarm NOSPACE raised|ALARM NOSPACE|alarm:NOSPACE|a NOSPACE alarm/,
    origins: ANYONE,
    example:
      '{"level":"warn","caller":"etcdserver/util.go:123","msg":"failed to apply request","error":"etcdserver: no space"}',
    source: "3.5.16, captured: quota-exceeded; the alarm's plain text 3.4 etcdserver/apply.go",
  },
  {
    code: "QUOTA_EXCEEDED",
    severity: "critical",
    match: /^(?:alarm raised|serving \/health false due to an alarm)/,
    field: { name: "alarm", match: /NOSPACE/ },
    example:
      '{"level":"warn","caller":"etcdserver/apply.go:752","msg":"alarm raised","alarm":"NOSPACE","from":"966d6be1030598c7"}',
    source: "3.5.16, captured: quota-exceeded",
  },
  {
    code: "DISK_SLOW",
    severity: "warning",
    match: /slow fdatasync|sync duration of .*, expected less than|disk operations took too long/,
    example:
      '{"level":"warn","caller":"wal/wal.go:806","msg":"slow fdatasync","took":"1.5s","expected-duration":"1s"}',
    source: "3.4 to 3.6 wal/wal.go",
  },
  {
    code: "COMPACTION_FAILING",
    severity: "warning",
    match:
      /failed auto (?:periodic|revision) compaction|compaction failed|Compaction failed|[Ff]ailed to compact/,
    unless: /required revision has been compacted/,
    example:
      '{"level":"warn","caller":"v3compactor/periodic.go:143","msg":"failed auto periodic compaction","error":"etcdserver: request timed out"}',
    source: "3.4 to 3.6 v3compactor",
  },
  {
    code: "PURGE_FAILED",
    severity: "warning",
    match: /failed to purge|failed to (?:remove|release) (?:file|WAL|wal)/,
    example: '{"level":"warn","caller":"etcdserver/server.go:900","msg":"failed to purge wal file"}',
    source: "3.4 to 3.6 etcdserver/server.go",
  },
];
