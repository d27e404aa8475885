/** A loopback port that carries connections to another one, until it is told to cut them: with a reset, or without a word. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/**
 * reset: both ends get an RST. silence: what comes from either end is read and let go, and neither hears of the other's end, as when a
 * machine is gone or a firewall drops: each end has to notice by itself.
 */
export const CUTS = ["reset", "silence"] as const;
export type Cut = (typeof CUTS)[number];

export interface CutRelay {
  readonly port: number;
  /** Of the connections that are carried now; how many they were. New ones are carried. */
  cut(how: Cut): number;
  close(): void;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  isSilent: boolean;
}

export async function createCutRelay(targetPort: number): Promise<CutRelay> {
  const pairs = new Set<Pair>();
  const server = createServer({ noDelay: true }, carry);

  function carry(near: Socket): void {
    const far = connect({ host: "127.0.0.1", port: targetPort, noDelay: true });
    const pair: Pair = { near, far, isSilent: false };
    pairs.add(pair);
    near.pipe(far).pipe(near);
    passOnEnd(pair, near, far);
    passOnEnd(pair, far, near);
  }

  function passOnEnd(pair: Pair, from: Socket, to: Socket): void {
    let isReset = false;
    from.on("error", () => {
      isReset = true;
    });
    from.once("close", () => {
      if (!pair.isSilent) {
        endOf(to, isReset);
      }
      if (pair.near.closed && pair.far.closed) {
        pairs.delete(pair);
      }
    });
  }

  function cut(how: Cut): number {
    const carried = [...pairs].filter(({ isSilent }) => !isSilent);
    for (const pair of carried) {
      if (how === "reset") {
        pair.near.resetAndDestroy();
        pair.far.resetAndDestroy();
      } else {
        pair.isSilent = true;
        pair.near.unpipe(pair.far).resume();
        pair.far.unpipe(pair.near).resume();
      }
    }
    return carried.length;
  }

  await new Promise<void>((resolve, fail) => {
    server.once("error", fail);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    close: () => {
      server.close();
      for (const { near, far } of pairs) {
        near.destroy();
        far.destroy();
      }
    },
  };
}

function endOf(socket: Socket, isReset: boolean): void {
  if (isReset) {
    socket.resetAndDestroy();
  } else {
    socket.destroySoon();
  }
}
