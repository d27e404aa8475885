/** Which names a certificate is good for, as Go's TLS judges it, which is what etcd uses. Pure. */

/** "https://10.0.0.1:2380,https://m1.example:2380" → the hosts of the TLS addresses, without brackets and ports. */
export function listTlsHosts(urls: string): readonly string[] {
  const hosts = urls.split(",").flatMap((url) => {
    const match = /^\s*https:\/\/(\[[0-9a-f:.%]+\]|[^:/\s]+)/i.exec(url);
    return match?.[1] === undefined ? [] : [match[1].replace(/^\[|\]$/g, "").toLowerCase()];
  });
  return [...new Set(hosts)];
}

/** `sans` as in the fact: "DNS:…", "IP:…". The common name does not count. */
export function isNamed(host: string, sans: readonly string[]): boolean {
  const isAddress = /^[\d.]+$/.test(host) || host.includes(":");
  return sans.some((san) => {
    const at = san.indexOf(":");
    const [kind, value] = [san.slice(0, at), san.slice(at + 1).toLowerCase()];
    if (isAddress) {
      return kind === "IP" && expandIpv6(value) === expandIpv6(host);
    }
    return kind === "DNS" && (value === host || isWildcardOf(value, host));
  });
}

/** A wildcard stands for one label, the first. */
function isWildcardOf(pattern: string, host: string): boolean {
  const dot = host.indexOf(".");
  return pattern.startsWith("*.") && dot > 0 && pattern.slice(1) === host.slice(dot);
}

/** "::1" and "0:0:0:0:0:0:0:1" are one address; an IPv4 address stays as it is. */
function expandIpv6(address: string): string {
  if (!address.includes(":")) {
    return address;
  }
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const split = (part: string): readonly string[] => (part === "" ? [] : part.split(":"));
  const [left, right] = [split(head), split(tail ?? "")];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array.from({ length: zeros }, () => "0"), ...right]
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
