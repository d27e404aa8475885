import { describe, expect, it } from "vitest";
import { redactExcerpt, redactSecrets } from "../../../shared/log/redact-excerpt.ts";

/** Lines as 3.4 and 3.5 print them, each with a key or a secret in it. */
const LINES = [
  '{"level":"info","caller":"traceutil/trace.go:171","msg":"trace[123] range","detail":"{range_begin:/registry/secrets/top; range_end:/registry/secrets/top0; response_count:1; }","duration":"120ms","steps":["trace[123] \'agreement among raft nodes\'  (duration: 12ms)"]}',
  '{"level":"info","caller":"traceutil/trace.go:171","msg":"trace[77] put","detail":"{key:/registry/secrets/top; req_size:400; response_revision:9; }"}',
  '{"level":"warn","caller":"etcdserver/util.go:170","msg":"apply request took too long","took":"2s","request":"key:\\"/registry/secrets/top\\" ","response":"range_response_count:1 size:300"}',
  '2026-11-22 21:54:03.858442 W | etcdserver: read-only range request "key:\\"/registry/secrets/top\\" " with result "range_response_count:1 size:3" took too long (1.2s) to execute',
  '{"level":"info","msg":"authenticated","token":"/registry/secrets/top"}',
  "dial https://root:/registry@10.0.0.1 password=/registry/secrets/top",
];

describe("shared/log/redact-excerpt", () => {
  it("lets no key of etcd and no credential through, and leaves the rest readable", () => {
    for (const line of LINES) {
      expect(redactExcerpt(line)).not.toContain("/registry/secrets/top");
    }
    expect(redactExcerpt(LINES[0] ?? "")).toContain("response_count:1");
    expect(redactExcerpt(LINES[1] ?? "")).toContain("req_size:400");
  });

  it("says why a key's file cannot be read", () => {
    const line =
      '{"level":"error","caller":"embed/serve.go:124","msg":"registerGateway failed","error":"open /etc/kubernetes/pki/etcd/server.key: no such file or directory"}';
    expect(redactExcerpt(line)).toBe(line);
  });

  it("changes nothing the second time", () => {
    for (const line of LINES) {
      expect(redactSecrets(redactSecrets(line))).toBe(redactSecrets(line));
    }
  });
});
