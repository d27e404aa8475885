import { describe, expect, it } from "vitest";
import { parseCertificates } from "../../../agent/probe/parse-certificates.ts";
import { createAuthority } from "../../../collector/enrol/certificate-authority.ts";

describe("agent/probe/parse-certificates", () => {
  it("calls a certificate damaged whose dates are none", async () => {
    const { certificate } = await createAuthority("test", { nowMs: Date.now(), days: 90 });
    const der = Buffer.from(certificate.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64");
    // The sequence of both dates, and the first of them: UTCTime, 13 characters. Less would now and then be found in a random number.
    const at = der.indexOf(Buffer.from([0x30, 0x1e, 0x17, 0x0d]));
    der[at + 4] = 0x78;
    const damaged = `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`;
    expect(() => parseCertificates(damaged)).toThrow("The certificate in the file is damaged");
  });
});
