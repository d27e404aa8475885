import { describe, expect, it } from "vitest";
import { clientOf, createConnectionPlaces } from "../../collector/connection-places.ts";

describe("collector/connection-places", () => {
  it("gives each client as many places as one may have, and a place again that was left", () => {
    const places = createConnectionPlaces(2);
    expect([places.take("a"), places.take("a"), places.take("a"), places.take("b")]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    places.leave("a");
    expect([places.take("a"), places.take("a")]).toEqual([true, false]);
  });

  it("does not mind who leaves without having come", () => {
    const places = createConnectionPlaces(1);
    places.leave("a");
    expect([places.take("a"), places.take("a")]).toEqual([true, false]);
  });

  it.each([
    ["10.0.0.1", "10.0.0.1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["2001:db8:0:1::7", "2001:db8:0:1::/64"],
    ["2001:db8:0:1:aaaa:bbbb:cccc:dddd", "2001:db8:0:1::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["", ""],
  ])("takes %s for the client %s", (address, client) => {
    expect(clientOf(address)).toBe(client);
  });
});
