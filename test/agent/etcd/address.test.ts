import { describe, expect, it } from "vitest";
import { findOwnClientAddress, formatAddress, parseAddress } from "../../../agent/etcd/address.ts";
import { flagsWith } from "./example-etcd.ts";

describe("agent/etcd/address", () => {
  it.each([
    ["https://10.0.0.2:2379", { host: "10.0.0.2", port: 2379, isTls: true }],
    ["http://etcd-1.example:2379/", { host: "etcd-1.example", port: 2379, isTls: false }],
    ["https://[fd00::2]:2380", { host: "fd00::2", port: 2380, isTls: true }],
    ["https://etcd-1.example", { host: "etcd-1.example", port: 443, isTls: true }],
    ["unix://localhost:2379", undefined],
    ["", undefined],
  ])("reads %s", (url, address) => {
    expect(parseAddress(url)).toEqual(address);
  });

  it("writes an IPv6 address in brackets", () => {
    expect(formatAddress({ host: "fd00::2", port: 2380, isTls: true })).toBe("[fd00::2]:2380");
  });

  const cases: readonly (readonly [
    string,
    string | undefined,
    readonly string[],
    readonly string[],
    string,
  ])[] = [
    [
      "the configured endpoint first",
      "https://10.9.9.9:2379",
      ["https://127.0.0.1:2379"],
      [],
      "10.9.9.9:2379",
    ],
    ["a configured endpoint without a scheme", "10.9.9.9:2379", [], [], "10.9.9.9:2379"],
    [
      "loopback before others",
      undefined,
      ["https://10.0.0.1:2379", "https://127.0.0.1:2379"],
      [],
      "127.0.0.1:2379",
    ],
    ["what it listens on", undefined, ["https://10.0.0.1:2379"], [], "10.0.0.1:2379"],
    [
      "the advertised host of a wildcard",
      undefined,
      ["https://0.0.0.0:2379"],
      ["https://10.0.0.1:2379"],
      "10.0.0.1:2379",
    ],
    ["loopback of a wildcard", undefined, ["https://0.0.0.0:2379"], ["https://vip:443"], "127.0.0.1:2379"],
  ];
  it.each(cases)("uses %s", (_, endpoint, listenClientUrls, advertiseClientUrls, expected) => {
    const address = findOwnClientAddress(endpoint, flagsWith({ listenClientUrls, advertiseClientUrls }));
    expect(address && formatAddress(address)).toBe(expected);
  });

  it("has none before etcd was found", () => {
    expect(findOwnClientAddress(undefined, undefined)).toBeUndefined();
  });
});
