/** /proc/PID/mountinfo as text → mounts. Its own file so that it is tested on captured text. */

export interface Mount {
  /** Major and minor number of the device, "254:0". */
  readonly device: string;
  /** The part of the file system that is mounted: "/", or a directory of it (a bind mount). */
  readonly root: string;
  readonly mountPoint: string;
  readonly type: string;
  /** For block devices their path, such as /dev/sda1. */
  readonly source: string;
  /** This mount alone, for who sees it: the same file system may be writable at another place, or for another process. */
  readonly readOnly: boolean;
  /** The option by which nobody can write to the file system; empty: there is none. */
  readonly filesystemReadOnly: string;
}

/**
 * ext4 from Linux 6.15 on shows an error's end of writing as one of the last two and stays "rw"; seen with 6.18. From 6.12 on (and in
 * stable kernels of that time) until then it shows nothing, as XFS never does: there the kernel's log alone tells.
 */
const READ_ONLY_OPTIONS = ["ro", "emergency_ro", "shutdown"];

/** Lines that cannot be read are left out. */
export function parseMountinfo(text: string): readonly Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split("\n")) {
    const separator = line.indexOf(" - ");
    if (separator < 0) {
      continue;
    }
    const before = line.slice(0, separator).split(" ");
    const after = line.slice(separator + 3).split(" ");
    const [, , device, root, mountPoint, options] = before;
    const [type, source, superOptions] = after;
    if (device === undefined || root === undefined || mountPoint === undefined || type === undefined) {
      continue;
    }
    mounts.push({
      device,
      root: unescapeOctal(root),
      mountPoint: unescapeOctal(mountPoint),
      type,
      source: unescapeOctal(source ?? ""),
      readOnly: hasOption(options, "ro"),
      filesystemReadOnly: READ_ONLY_OPTIONS.find((option) => hasOption(superOptions, option)) ?? "",
    });
  }
  return mounts;
}

function hasOption(options: string | undefined, name: string): boolean {
  return options !== undefined && options.split(",").includes(name);
}

/** The kernel writes space, tab, newline and backslash as \040, \011, \012 and \134. */
function unescapeOctal(text: string): string {
  return text.includes("\\")
    ? text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
    : text;
}
