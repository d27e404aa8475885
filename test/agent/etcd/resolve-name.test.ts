import { describe, expect, it } from "vitest";
import { createNameResolver, type LookUp } from "../../../agent/etcd/resolve-name.ts";

type Answer = Parameters<LookUp>[2];

/** A name service that answers when it is told to. */
function createService(): { readonly lookUp: LookUp; readonly asked: string[]; answer(name: string): void } {
  const asked: string[] = [];
  const pending: { readonly name: string; readonly callback: Answer }[] = [];
  return {
    asked,
    lookUp: (name, _, callback) => {
      asked.push(name);
      pending.push({ name, callback });
    },
    answer: (name) => {
      const index = pending.findIndex((question) => question.name === name);
      pending.splice(index, 1)[0]?.callback(null, [{ address: "10.0.0.2", family: 4 }]);
    },
  };
}

describe("agent/etcd/resolve-name", () => {
  it("asks once for a name, however many ask, and tells all of them", () => {
    const service = createService();
    const resolve = createNameResolver(service.lookUp);
    const told: unknown[] = [];
    for (let each = 0; each < 3; each += 1) {
      resolve("m2", { all: true }, (_, address) => void told.push(address));
    }
    expect(service.asked).toEqual(["m2"]);
    service.answer("m2");
    expect(told).toEqual(Array.from({ length: 3 }, () => [{ address: "10.0.0.2", family: 4 }]));
    resolve("m2", { all: true }, () => undefined);
    expect(service.asked).toEqual(["m2", "m2"]);
  });

  it("leaves two names with the service, and asks for the next when one has come back", () => {
    const service = createService();
    const resolve = createNameResolver(service.lookUp);
    for (const name of ["m2", "m3", "m4", "m5"]) {
      resolve(name, {}, () => undefined);
    }
    expect(service.asked).toEqual(["m2", "m3"]);
    service.answer("m3");
    expect(service.asked).toEqual(["m2", "m3", "m4"]);
  });

  it("refuses those who ask when too many already wait for a name that never comes", () => {
    const resolve = createNameResolver(() => undefined);
    const errors: (string | undefined)[] = [];
    for (let each = 0; each < 40; each += 1) {
      resolve("m2", {}, (error) => void errors.push(error?.code));
    }
    expect(errors).toEqual(Array.from({ length: 8 }, () => "EAI_AGAIN"));
  });
});
