/** A load on a lab's cluster as a process of its own, so that it can run inside the network: `lab-load.ts light|small|kubernetes TARGETS` (JSON). */
import { startLightLoad, type LoadTarget } from "../bench/light-load.ts";
import { startKubernetesLoad } from "./kubernetes-load.ts";

/** A cluster of a few nodes. */
const SMALL = { watches: 2, leases: 3 };

const [kind = "", json = "[]"] = process.argv.slice(2);
const targets = JSON.parse(json) as readonly LoadTarget[];
if (kind === "light") {
  startLightLoad(targets);
} else {
  startKubernetesLoad(targets, kind === "small" ? SMALL : undefined);
}
