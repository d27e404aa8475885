import { describe, expect, it } from "vitest";
import type { TcpSocket } from "../../../agent/host/parse-tcp-sockets.ts";
import { PeerKernelView } from "../../../agent/probe/peer-kernel-view.ts";

function socket(retransmits: number, sendQueueBytes = 0, inode = 1): TcpSocket {
  return {
    inode,
    localPort: 40_000,
    remotePort: 2380,
    sendQueueBytes,
    retransmits,
    retransmitTimeoutMs: 204,
  };
}

const OLD = { processAgeMs: 60_000, isInDoubt: false };
const CALM = { isInDoubt: false };

describe("agent/probe/peer-kernel-view", () => {
  it("holds an established connection for well", () => {
    expect(new PeerKernelView().judge([socket(0, 4096)], { nowUs: 0, ...OLD }).state).toBe("ok");
  });

  it("holds a connection for stuck when it has waited for an acknowledgement over a second", () => {
    const view = new PeerKernelView();
    expect(view.judge([socket(1, 4096)], { nowUs: 0, ...OLD }).state).toBe("ok");
    expect(view.isSuspicious).toBe(true);
    expect(view.judge([socket(2, 4096)], { nowUs: 1_200_000, ...OLD })).toEqual({
      state: "failed",
      text: "Stuck: 2 retransmissions, 4096 bytes unacknowledged for at least 1.2 s",
    });
  });

  it("holds it for stuck at once at the third retransmission in a row", () => {
    expect(new PeerKernelView().judge([socket(3, 10)], { nowUs: 0, ...OLD }).state).toBe("failed");
  });

  it("holds it for stuck at the second one in a row when etcd has gone on writing meanwhile", () => {
    const view = new PeerKernelView();
    expect(view.judge([socket(1, 100)], { nowUs: 0, ...OLD }).state).toBe("ok");
    expect(view.judge([socket(2, 100)], { nowUs: 400_000, ...OLD }).state, "nothing was written").toBe("ok");
    expect(view.judge([socket(2, 200)], { nowUs: 500_000, ...OLD }).state).toBe("failed");
  });

  it("holds bytes that do not move for stuck without a retransmission, only while the agent's own calls fail too", () => {
    const doubt = { ...OLD, isInDoubt: true };
    const view = new PeerKernelView();
    expect(view.judge([socket(0, 500)], { nowUs: 0, ...doubt }).state).toBe("ok");
    expect(view.judge([socket(0, 600)], { nowUs: 700_000, ...doubt }).state).toBe("failed");
    const calm = new PeerKernelView();
    expect(calm.judge([socket(0, 500)], { nowUs: 0, ...OLD }).state).toBe("ok");
    expect(calm.judge([socket(0, 600)], { nowUs: 700_000, ...OLD }).state).toBe("ok");
    const moving = new PeerKernelView();
    expect(moving.judge([socket(0, 500)], { nowUs: 0, ...doubt }).state).toBe("ok");
    expect(moving.judge([socket(0, 400)], { nowUs: 700_000, ...doubt }).state).toBe("ok");
  });

  it("does not hold losses that were made good for stuck", () => {
    const view = new PeerKernelView();
    for (const [second, retransmits] of [1, 0, 1, 0, 1].entries()) {
      const verdict = view.judge([socket(retransmits, 10)], { nowUs: second * 1_000_000, ...OLD });
      expect(verdict.state).toBe("ok");
    }
  });

  it("passes over what a cut has left stuck once the agent's calls get through and etcd has dialled anew", () => {
    const doubt = { ...OLD, isInDoubt: true };
    const view = new PeerKernelView();
    expect(view.judge([socket(9, 125)], { nowUs: 0, ...doubt }).state).toBe("failed");
    expect(view.judge([socket(9, 125)], { nowUs: 200_000_000, ...OLD }).state, "nothing new").toBe("failed");
    const dialled = [socket(9, 125), socket(0, 0, 2)];
    expect(view.judge(dialled, { nowUs: 201_000_000, ...doubt }).state, "calls still fail").toBe("failed");
    expect(view.judge(dialled, { nowUs: 202_000_000, ...OLD }).state).toBe("ok");
    expect(view.isSuspicious).toBe(false);
    expect(view.judge(dialled, { nowUs: 262_000_000, ...OLD }).state).toBe("ok");
    expect(view.judge(dialled, { nowUs: 263_000_000, ...doubt }).state, "cut again").toBe("failed");
  });

  it("holds a stuck connection for stuck beside a younger one where the agent's own small calls always got through", () => {
    const view = new PeerKernelView();
    expect(view.judge([socket(9, 4096)], { nowUs: 0, ...OLD }).state).toBe("failed");
    expect(view.judge([socket(9, 4096), socket(0, 0, 2)], { nowUs: 5_000_000, ...OLD }).state).toBe("failed");
  });

  it("fails when there is no connection, but not in etcd's first seconds", () => {
    const view = new PeerKernelView();
    expect(view.judge([], { nowUs: 0, processAgeMs: 2_000, ...CALM }).state).toBe("unknown");
    expect(view.judge([], { nowUs: 0, processAgeMs: 11_000, ...CALM }).state).toBe("failed");
    expect(view.judge([socket(0)], { nowUs: 0, processAgeMs: 3_000, ...CALM }).state).toBe("ok");
    expect(view.judge([], { nowUs: 0, processAgeMs: 4_000, ...CALM }).state, "there was one").toBe("failed");
  });
});
