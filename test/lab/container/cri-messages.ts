/**
 * The part of the Kubernetes container runtime interface (runtime.v1) that a kubelet needs for one static pod: names and numbers of
 * the fields. A map is written as the list of its entries, which is the same on the wire.
 */
import { create, createFileRegistry, type DescMessage } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";

type Field = readonly [number: number, type: string, many?: "many"];

const SCALARS: Readonly<Record<string, Type>> = {
  string: Type.STRING,
  bool: Type.BOOL,
  uint32: Type.UINT32,
  int32: Type.INT32,
  int64: Type.INT64,
};

const MESSAGES: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  Empty: {},
  VersionResponse: { runtime_name: [2, "string"], runtime_version: [3, "string"] },
  Entry: { key: [1, "string"], value: [2, "string"] },
  PodSandboxMetadata: {
    name: [1, "string"],
    uid: [2, "string"],
    namespace: [3, "string"],
    attempt: [4, "uint32"],
  },
  // 2 is a node's own namespace, 1 one of the container's own.
  NamespaceOption: { network: [1, "int32"], pid: [2, "int32"], ipc: [3, "int32"] },
  LinuxSandboxSecurityContext: { namespace_options: [1, "NamespaceOption"] },
  LinuxPodSandboxConfig: {
    cgroup_parent: [1, "string"],
    security_context: [2, "LinuxSandboxSecurityContext"],
  },
  PodSandboxConfig: {
    metadata: [1, "PodSandboxMetadata"],
    hostname: [2, "string"],
    log_directory: [3, "string"],
    labels: [6, "Entry", "many"],
    annotations: [7, "Entry", "many"],
    linux: [8, "LinuxPodSandboxConfig"],
  },
  RunPodSandboxRequest: { config: [1, "PodSandboxConfig"] },
  PodSandboxId: { pod_sandbox_id: [1, "string"] },
  ImageSpec: { image: [1, "string"] },
  Mount: { container_path: [1, "string"], host_path: [2, "string"], readonly: [3, "bool"] },
  LinuxContainerResources: { cpu_shares: [3, "int64"], memory_limit_in_bytes: [4, "int64"] },
  LinuxContainerSecurityContext: { namespace_options: [3, "NamespaceOption"] },
  LinuxContainerConfig: {
    resources: [1, "LinuxContainerResources"],
    security_context: [2, "LinuxContainerSecurityContext"],
  },
  ContainerMetadata: { name: [1, "string"], attempt: [2, "uint32"] },
  ContainerConfig: {
    metadata: [1, "ContainerMetadata"],
    image: [2, "ImageSpec"],
    command: [3, "string", "many"],
    args: [4, "string", "many"],
    envs: [6, "Entry", "many"],
    mounts: [7, "Mount", "many"],
    labels: [9, "Entry", "many"],
    annotations: [10, "Entry", "many"],
    log_path: [11, "string"],
    linux: [15, "LinuxContainerConfig"],
  },
  CreateContainerRequest: {
    pod_sandbox_id: [1, "string"],
    config: [2, "ContainerConfig"],
    sandbox_config: [3, "PodSandboxConfig"],
  },
  ContainerId: { container_id: [1, "string"] },
  StopContainerRequest: { container_id: [1, "string"], timeout: [2, "int64"] },
};

export const PACKAGE = "runtime.v1";

const FILE = create(FileDescriptorProtoSchema, {
  name: "cri.proto",
  package: PACKAGE,
  syntax: "proto3",
  messageType: Object.entries(MESSAGES).map(([name, fields]) => ({
    name,
    field: Object.entries(fields).map(([field, [number, type, many]]) => ({
      name: field,
      jsonName: field,
      number,
      label: many === undefined ? Label.OPTIONAL : Label.REPEATED,
      ...(SCALARS[type] === undefined
        ? { type: Type.MESSAGE, typeName: `.${PACKAGE}.${type}` }
        : { type: SCALARS[type] }),
    })),
  })),
});

const REGISTRY = createFileRegistry(FILE, () => undefined);

export function criMessage(name: string): DescMessage {
  const message = REGISTRY.getMessage(`${PACKAGE}.${name}`);
  if (message === undefined) {
    throw new Error(`${name} is none of the messages that are described here`);
  }
  return message;
}
