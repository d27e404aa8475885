/** The kernel's log, followed: what it says of disks, file systems and kills becomes events, at most one a minute of each kind. */
import { create } from "@bufbuild/protobuf";
import { EventSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Event } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { KernelPart } from "../host/kernel-log.ts";
import type { KernelCode, KernelSign } from "./kernel-signs.ts";
import { readKernelSign } from "./kernel-signs.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";

/** Records a look: a ring of a whole boot is read within some looks, a flood costs what this costs. */
const MAX_RECORDS = 2000;
const MORE_MS = 200;
/** What happened before the agent came is told when it is younger than this. */
const LOOK_BACK_MS = 15 * 60_000;
const REPEAT_EVERY_MS = 60_000;
/** Kinds, devices and processes that are counted apart. */
const MAX_KEYS = 100;
const MAX_TEXT = 200;

const POSITION = "kernel-position.json";

/** Until the device is mounted anew. */
const ENDS: readonly KernelCode[] = ["FS_READ_ONLY", "FS_SHUTDOWN"];

interface Held {
  toldAtMs: number;
  count: number;
  last: { readonly sign: KernelSign; readonly atMs: number; readonly text: string } | undefined;
}

export function createKernelProbe({ log, positions }: ProbeSetup): Probe {
  const held = new Map<string, Held>();
  /** Devices of which it was told that nobody can write there any more. */
  const ended = new Set<string>();
  let bootId: string | undefined;
  /** Of the last record that was looked at, in this boot. */
  let lastSequence = -1;
  /** When the log was last read to its end: what comes later was said later. */
  let readToMs = Number.NEGATIVE_INFINITY;
  let isRestored = false;

  async function restore({ host }: ProbeContext): Promise<void> {
    isRestored = true;
    bootId = host.readNodeInventory().bootId;
    const text = await positions?.find(POSITION);
    const kept = text === undefined ? undefined : parsePosition(text);
    lastSequence = kept?.bootId === bootId ? kept.sequence : -1;
  }

  async function keep(): Promise<void> {
    try {
      await positions?.replace(POSITION, JSON.stringify({ bootId, sequence: lastSequence }));
    } catch (error) {
      log.debug({ error }, "The place in the kernel's log could not be kept.");
    }
  }

  async function run(context: ProbeContext): Promise<Observation> {
    if (!isRestored) {
      await restore(context);
    }
    const { host, clock } = context;
    const nowMs = clock.nowMs();
    const bootedAtMs = nowMs - host.readUptimeMs();
    const { records, isCut } = readRecords(host);
    const before = lastSequence;
    for (const { sequence, atUs, message } of records) {
      const atMs = Math.min(nowMs, Math.max(readToMs, Math.round(bootedAtMs + atUs / 1000)));
      const isNew = sequence > lastSequence;
      lastSequence = Math.max(lastSequence, sequence);
      const sign = isNew && atMs >= nowMs - LOOK_BACK_MS ? readKernelSign(message) : undefined;
      if (sign?.code === "FS_MOUNTED") {
        mount(sign, atMs, message);
      } else if (sign !== undefined) {
        add(sign, atMs, message);
      }
    }
    // The clock of the kernel's log drifts away from the others' by seconds a week.
    readToMs = isCut ? readToMs : nowMs;
    if (lastSequence !== before && !isCut) {
      await keep();
    }
    return { events: take(clock.monotonicUs() / 1000), ...(isCut ? { againMs: MORE_MS } : {}) };
  }

  /** Ends what was said of this device: told where that was told, and else nothing is. */
  function mount(sign: KernelSign, atMs: number, message: string): void {
    const wasTold = ended.delete(sign.device);
    for (const code of ENDS) {
      held.delete(keyOf({ ...sign, code }));
    }
    if (wasTold) {
      add(sign, atMs, message);
    }
  }

  function add(sign: KernelSign, atMs: number, message: string): void {
    const key = keyOf(sign);
    const one = held.get(key) ?? { toldAtMs: Number.NEGATIVE_INFINITY, count: 0, last: undefined };
    if (held.has(key) || held.size < MAX_KEYS) {
      held.set(key, one);
      one.count += 1;
      one.last = { sign, atMs, text: message.replaceAll(/\p{Cc}+/gu, " ").slice(0, MAX_TEXT) };
    }
  }

  /** `nowMs` is monotonic: the wall clock may be set. */
  function take(nowMs: number): Event[] {
    const events: Event[] = [];
    for (const [key, one] of held) {
      if (nowMs - one.toldAtMs < REPEAT_EVERY_MS) {
        continue;
      }
      if (one.last === undefined) {
        held.delete(key);
        continue;
      }
      events.push(toEvent(one.last, one.count));
      if (ENDS.includes(one.last.sign.code) && ended.size < MAX_KEYS) {
        ended.add(one.last.sign.device);
      }
      one.toldAtMs = nowMs;
      one.count = 0;
      one.last = undefined;
    }
    return events;
  }

  return { name: "kernel", cadence: "normal", timeLimitMs: 2000, run };
}

/** A container without a kernel's log has nothing to look at; one that may not be read is a blind spot. */
function readRecords(host: ProbeContext["host"]): KernelPart {
  try {
    return host.readKernelLog(MAX_RECORDS);
  } catch (caught) {
    const error = EtcdscopeError.from(caught);
    throw error.code === "NOT_FOUND"
      ? new EtcdscopeError("NOT_APPLICABLE", error.message, { cause: caught, reason: "no_kernel_log" })
      : error;
  }
}

function toEvent({ sign, atMs, text }: NonNullable<Held["last"]>, count: number): Event {
  const { code, device, pid, process } = sign;
  const attributes = {
    code,
    count: String(count),
    text,
    ...(device === "" ? {} : { device }),
    ...(pid === 0 ? {} : { pid: String(pid), process }),
  };
  return create(EventSchema, { atUnixMs: BigInt(atMs), kind: "kernel", subject: "kernel", attributes });
}

function parsePosition(text: string): { readonly bootId: unknown; readonly sequence: number } | undefined {
  try {
    const { bootId, sequence } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return typeof sequence === "number" ? { bootId, sequence } : undefined;
  } catch {
    // Torn by a crash of the machine: as if it were not there.
    return undefined;
  }
}

function keyOf({ code, device, pid }: KernelSign): string {
  return `${code} ${device} ${code === "OOM_KILL" ? pid : ""}`;
}
