import type { Static } from 'typebox'
import { ScannerAdapterMetadata } from '../../../api/scanners.ts'
import { Failure } from '../../platform/http/failure.ts'
import { OutboundFailed, OutboundRefused, type Outbound } from '../../platform/outbound/outbound.ts'
import { authHeaders, type Address } from './rules.ts'

export type Metadata = Static<typeof ScannerAdapterMetadata>

const timeoutMs = 5000
const answerBytes = 256 * 1024

/** Asks a scanner for its name and abilities (pluggable scanner API 1.x, GET /api/v1/metadata). Throws BAD_REQUEST. */
export async function askMetadata(
  outbound: Outbound,
  { url, auth, credential, skipsTlsCheck }: Address,
): Promise<Metadata> {
  const reply = await outbound
    .send({
      url: `${url.replace(/\/+$/, '')}/api/v1/metadata`,
      method: 'GET',
      headers: {
        accept: 'application/vnd.scanner.adapter.metadata+json; version=1.0, application/json',
        ...authHeaders({ auth, credential }),
      },
      timeoutMs,
      answerBytes,
      verifiesTls: !skipsTlsCheck,
    })
    .catch((error: unknown) => {
      if (error instanceof OutboundRefused || error instanceof OutboundFailed)
        throw new Failure('BAD_REQUEST', `the scanner cannot be asked: ${error.message}`)
      throw error
    })
  if (reply.status !== 200) throw new Failure('BAD_REQUEST', `the scanner answers with status ${reply.status}`)
  return readMetadata(reply.body.toString('utf8'))
}

async function readMetadata(text: string): Promise<Metadata> {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    // An answer that is not JSON is refused below, like all that are not metadata.
  }
  if (!(await isMetadata(answer)))
    throw new Failure('BAD_REQUEST', 'the answer at this URL is not that of a scanner adapter')
  return answer as Metadata
}

async function isMetadata(answer: unknown): Promise<boolean> {
  // Hundreds of modules, which only a scanner needs.
  const { Value } = await import('typebox/value')
  return Value.Check(ScannerAdapterMetadata, answer) && answer.scanner.name !== '' && answer.capabilities.length > 0
}
