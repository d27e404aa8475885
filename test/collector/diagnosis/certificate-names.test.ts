import { describe, expect, it } from "vitest";

import { isNamed, listTlsHosts } from "../../../collector/diagnosis/certificate-names.ts";

describe("collector/diagnosis/certificate-names", () => {
  it("takes the hosts of TLS addresses only, each once", () => {
    const urls =
      "https://10.0.0.1:2380,http://10.0.0.2:2380, https://[FD00::1]:2380,https://M1.example,https://10.0.0.1:1";
    expect(listTlsHosts(urls)).toEqual(["10.0.0.1", "fd00::1", "m1.example"]);
    expect(listTlsHosts("")).toEqual([]);
  });

  it("matches names as Go does", () => {
    const f = (host: string, sans: readonly string[], want: boolean): void => {
      expect(isNamed(host, sans), `${host} in ${sans.join(" ")}`).toBe(want);
    };
    f("10.0.0.1", ["IP:10.0.0.1"], true);
    f("10.0.0.1", ["DNS:10.0.0.1"], false);
    f("10.0.0.1", [], false);
    f("fd00::1", ["IP:FD00:0:0:0:0:0:0:1"], true);
    f("fd00::2", ["IP:FD00:0:0:0:0:0:0:1"], false);
    f("m1.example", ["DNS:M1.EXAMPLE"], true);
    f("m1.example", ["DNS:*.example"], true);
    f("m1.a.example", ["DNS:*.example"], false);
    f("example", ["DNS:*.example"], false);
  });
});
