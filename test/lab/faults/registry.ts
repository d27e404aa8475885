/** Every fault of the lab, in the order of a run: those that share a cluster first. */
import type { Fault } from "../fault.ts";
import { BACKUP_FAULTS } from "./backup.ts";
import { CONFIGURATION_FAULTS } from "./configuration.ts";
import { DATA_FAULTS } from "./data.ts";
import { DISK_FAULTS } from "./disk.ts";
import { LOAD_FAULTS } from "./load.ts";
import { NETWORK_FAULTS } from "./network.ts";
import { OBSERVATION_FAULTS } from "./observation.ts";
import { PROCESS_FAULTS } from "./process.ts";

export const FAULTS: readonly Fault[] = [
  ...PROCESS_FAULTS,
  ...NETWORK_FAULTS,
  ...DISK_FAULTS,
  ...CONFIGURATION_FAULTS,
  ...OBSERVATION_FAULTS,
  ...DATA_FAULTS,
  ...BACKUP_FAULTS,
  ...LOAD_FAULTS,
];
