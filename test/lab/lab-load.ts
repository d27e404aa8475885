/** A load on a lab's cluster as a process of its own, so that it can run inside the network: `lab-load.ts light|kubernetes TARGETS` (JSON). */
import { startLightLoad, type LoadTarget } from "../bench/light-load.ts";
import { startKubernetesLoad } from "./kubernetes-load.ts";

const [kind = "", targets = "[]"] = process.argv.slice(2);
(kind === "kubernetes" ? startKubernetesLoad : startLightLoad)(JSON.parse(targets) as readonly LoadTarget[]);
