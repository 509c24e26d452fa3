import type { Readable } from 'node:stream'
import { OutboundFailed, OutboundRefused, type Outbound } from '../../../../platform/outbound/outbound.ts'
import { authHeaders, type Address } from '../../rules.ts'
import { ScanRefused } from '../scanner.ts'
import { timeoutMs, urlOf } from './metadata.ts'

/** The scanner cannot be reached, or asks to be asked later: worth another try. */
export class ScannerAway extends Error {
  override name = 'ScannerAway'
}

/** The scanner does not know this scan any more: it has to be begun again. */
export class ScanLost extends Error {
  override name = 'ScanLost'
}

/** What scanners answer to a scan, in the order of its fields. */
export type ScanRequest = {
  registry: { url: string; authorization: string; insecure: boolean }
  artifact: { repository: string; tag: string; digest: string; mime_type: string; size: number }
  enabled_capabilities: {
    type: 'vulnerability' | 'sbom'
    produces_mime_types: string[]
    parameters: { sbom_media_types: string[] } | null
  }[]
}

const requestType = 'application/vnd.scanner.adapter.scan.request+json; version=1.0'
const responseType = 'application/vnd.scanner.adapter.scan.response+json; version=1.0'
/** The longest answer that is no report, in bytes. */
const answerBytes = 64 * 1024
/** How long a report may not move on while it is read, in ms. */
const silenceMs = 30_000

/** POST /scan: begins a scan and returns its id. Throws ScanRefused or ScannerAway. */
export async function beginScan(
  outbound: Outbound,
  address: Address,
  request: ScanRequest,
  signal: AbortSignal,
): Promise<string> {
  const reply = await outbound
    .send({
      url: urlOf(address, '/scan'),
      method: 'POST',
      headers: { 'content-type': requestType, accept: responseType, ...authHeaders(address) },
      body: JSON.stringify(request),
      timeoutMs,
      answerBytes,
      verifiesTls: !address.skipsTlsCheck,
      signal,
    })
    .catch((error: unknown) => rethrow(error, signal))
  if (reply.status !== 202) throw refusalOf(reply.status, reply.body, 'begin the scan')
  const id = fieldOf(reply.body, 'id')
  if (id === undefined || id.length > 256) throw new ScanRefused('the scanner has begun a scan without an id')
  return id
}

type Look = { after: number | undefined } | { content: Buffer }

/**
 * GET /scan/{id}/report: the report, or after how many seconds to look again (302 with Refresh-After, which is never
 * followed). Throws ScanRefused, ScannerAway or ScanLost.
 */
export async function readReport(
  outbound: Outbound,
  address: Address,
  { id, mimeType, query = '', mostBytes }: { id: string; mimeType: string; query?: string; mostBytes: number },
  signal: AbortSignal,
): Promise<Look> {
  const { status, headers, body } = await outbound
    .open({
      url: urlOf(address, `/scan/${encodeURIComponent(id)}/report${query}`),
      method: 'GET',
      headers: { accept: mimeType, ...authHeaders(address) },
      silenceMs,
      verifiesTls: !address.skipsTlsCheck,
      signal,
    })
    .catch((error: unknown) => rethrow(error, signal))
  if (status === 200) return { content: await readAll(body, mostBytes, signal) }
  const short = await readAll(body, answerBytes, signal, 'cut')
  if (status === 302) return { after: secondsIn(headers['refresh-after']) }
  if (status === 404) throw new ScanLost(`the scanner does not know the scan ${visibleText(id)}`)
  throw refusalOf(status, short, 'give the report')
}

/** Undefined for none and for what is no number of seconds. */
function secondsIn(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,9}$/.test(header.trim()) ? Number(header) : undefined
}

async function readAll(body: Readable, most: number, signal: AbortSignal, beyond?: 'cut'): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  try {
    // Leaving this loop early destroys the body.
    for await (const part of body as AsyncIterable<Buffer>) {
      size += part.length
      if (size > most && beyond === 'cut') break
      if (size > most) throw new ScanRefused(`the report is larger than ${most} bytes`)
      parts.push(part)
    }
  } catch (error) {
    rethrow(error, signal)
  }
  return Buffer.concat(parts)
}

/** 429 and the statuses of a proxy whose server is away are worth another try; all others are the scanner's word. */
function refusalOf(status: number, body: Buffer, what: string): Error {
  const said = messageIn(body)
  const text = `the scanner did not ${what}: status ${status}${said ? `, ${said}` : ''}`
  return [429, 502, 503, 504].includes(status) ? new ScannerAway(text) : new ScanRefused(text)
}

/** The message of an answer of type `application/vnd.scanner.adapter.error; version=1.0`. */
function messageIn(body: Buffer): string {
  try {
    const { error } = JSON.parse(body.toString('utf8')) as { error?: { message?: unknown } }
    return typeof error?.message === 'string' ? visibleText(error.message) : ''
  } catch {
    return ''
  }
}

function fieldOf(body: Buffer, key: string): string | undefined {
  try {
    const value = (JSON.parse(body.toString('utf8')) as Record<string, unknown> | null)?.[key]
    return typeof value === 'string' && value !== '' ? value : undefined
  } catch {
    return undefined
  }
}

function rethrow(error: unknown, signal: AbortSignal): never {
  if (signal.aborted) throw signal.reason
  if (error instanceof OutboundRefused)
    throw new ScanRefused(`the scanner cannot be asked: ${error.message}`, { cause: error })
  if (error instanceof OutboundFailed)
    throw new ScannerAway(`the scanner cannot be reached: ${error.message}`, { cause: error })
  throw error
}

/** Words of a scanner in a log: one line of at most 500 characters. */
const visibleText = (text: string) => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 500)
