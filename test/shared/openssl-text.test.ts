import { describe, expect, it } from "vitest";
import { stripOpensslFraming } from "../../shared/openssl-text.ts";

describe("shared/openssl-text", () => {
  // The first two as Node 24 gave them: what an etcd said to a client, what a client without TLS was to a server.
  it.each([
    [
      "403D05E0A37F0000:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:918:SSL alert number 42",
      "ssl/tls alert bad certificate",
    ],
    [
      "403DACE99B7F0000:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../deps/openssl/openssl/ssl/record/methods/tlsany_meth.c:77:\n",
      "wrong version number",
    ],
    ["self-signed certificate in certificate chain", "self-signed certificate in certificate chain"],
    ["error:0909006C:PEM routines:get_name:no start line", "no start line"],
    ["The server said: error:1:2", "The server said: error:1:2"],
    ["", ""],
  ])("makes %j into %j", (message, want) => {
    expect(stripOpensslFraming(message)).toBe(want);
  });
});
