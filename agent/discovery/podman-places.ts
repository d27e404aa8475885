/** Where root's Podman keeps what it knows, by the file systems that images may be kept with. */
const FOLDERS = ["overlay", "vfs"].map((driver) => `/var/lib/containers/storage/${driver}-containers`);

export interface PodmanPlace {
  /** Of the container: what Podman hands the OCI runtime, written anew with each start. */
  readonly record: string;
  /** With its k8s-file log driver. */
  readonly log: string;
}

export function listPodmanFolders(): readonly string[] {
  return FOLDERS;
}

export function podmanPlace(folder: string, id: string): PodmanPlace {
  const own = `${folder}/${id}/userdata`;
  return { record: `${own}/config.json`, log: `${own}/ctr.log` };
}
