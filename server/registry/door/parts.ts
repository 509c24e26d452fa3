import { randomBytes } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { BlobStream } from '../../platform/blobs/blobs.ts'
import type { Range } from '../../platform/http/range.ts'
import type { Answer } from '../../platform/http/server.ts'

/**
 * Sends several ranges of a blob in one answer, multipart/byteranges (RFC 9110, 14.6), in the order of the request.
 * `size`: the length of the blob in bytes. Returns how many bytes of the blob were sent.
 */
export async function sendParts(
  response: Answer,
  headers: OutgoingHttpHeaders,
  { ranges, size }: { ranges: Range[]; size: number },
  open: (range: Range) => Promise<BlobStream>,
): Promise<number> {
  const boundary = randomBytes(16).toString('hex')
  const type = String(headers['content-type'])
  const heads = ranges.map(({ start, end }, at) => {
    const lines = [`--${boundary}`, `content-type: ${type}`, `content-range: bytes ${start}-${end}/${size}`, '', '']
    return (at === 0 ? '' : '\r\n') + lines.join('\r\n')
  })
  const tail = `\r\n--${boundary}--\r\n`
  const count = ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0)
  const length = heads.join('').length + count + tail.length
  // Opened before anything is sent, so that a missing blob is still answered as an error.
  const first = await open(ranges[0]!)
  const multipart = `multipart/byteranges; boundary=${boundary}`
  response.writeHead(206, { ...headers, 'content-type': multipart, 'content-length': length })
  const parts = async function* () {
    for (const [at, range] of ranges.entries()) {
      yield Buffer.from(heads[at]!)
      yield* at === 0 ? first : await open(range)
    }
    yield Buffer.from(tail)
  }
  await pipeline(parts, response)
  return count
}
