/** What lies beside a certificate and must fit it, the key and the authorities, as fields of its fact. */
import type { MessageInitShape } from "@bufbuild/protobuf";

import { EtcdscopeError } from "../../shared/errors.ts";
import type { CertificateFactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { Layer } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { findChainProblem, isKeyOf } from "./check-certificate.ts";
import type { ProbeContext } from "./probe.ts";

/** Far above any key, and any bundle of authorities. */
const MAX_FILE_BYTES = 1024 * 1024;

/** A file as etcd names it, and as the agent opens it. */
export interface NamedFile {
  readonly path: string;
  readonly hostPath: string;
}

export interface Beside {
  readonly key?: NamedFile;
  readonly authorities?: NamedFile;
}

type Fields = MessageInitShape<typeof CertificateFactSchema>;

/** Rejects only when a file system hangs. */
export async function readBeside(
  certificatePem: string,
  beside: Beside,
  context: ProbeContext,
): Promise<Fields> {
  return {
    ...(beside.key === undefined ? {} : await readKey(certificatePem, beside.key, context)),
    ...(beside.authorities === undefined ? {} : await readChain(certificatePem, beside.authorities, context)),
  };
}

async function readKey(
  certificatePem: string,
  key: NamedFile,
  { host, signal }: ProbeContext,
): Promise<Fields> {
  try {
    const { mode, uid, gid } = await host.readFileFacts(key.hostPath, signal);
    const owner = { keyOwnerUid: uid, keyOwnerGid: gid };
    const bytes = await host.readSmallFile(key.hostPath, MAX_FILE_BYTES, signal);
    try {
      const fits = isKeyOf(certificatePem, bytes.toString("latin1"));
      return { keyPath: key.path, keyMode: mode, ...owner, keyMatch: fits ? Layer.OK : Layer.FAILED };
    } catch (caught) {
      return {
        keyPath: key.path,
        keyMode: mode,
        ...owner,
        keyMatch: Layer.UNKNOWN,
        keyProblem: explain(caught),
      };
    } finally {
      bytes.fill(0);
    }
  } catch (caught) {
    return { keyPath: key.path, keyMatch: Layer.UNKNOWN, keyProblem: explain(caught) };
  }
}

async function readChain(
  certificatePem: string,
  authorities: NamedFile,
  { host, signal }: ProbeContext,
): Promise<Fields> {
  try {
    const bytes = await host.readSmallFile(authorities.hostPath, MAX_FILE_BYTES, signal);
    const problem = findChainProblem(certificatePem, bytes.toString("latin1"));
    return problem === ""
      ? { chain: Layer.OK }
      : { chain: Layer.FAILED, chainProblem: `${problem} (${authorities.path})` };
  } catch (caught) {
    return { chain: Layer.UNKNOWN, chainProblem: explain(caught) };
  }
}

/** A file system that hangs says nothing about a certificate. */
function explain(caught: unknown): string {
  const error = EtcdscopeError.from(caught);
  if (error.code === "TIMED_OUT") {
    throw error;
  }
  return error.message;
}
