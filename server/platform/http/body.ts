import type { IncomingMessage } from 'node:http'

/** A body went over its limit. */
export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge'
  readonly limit: number
  constructor(limit: number) {
    super(`the body is larger than the limit of ${limit} bytes`)
    this.limit = limit
  }
}

/** The client went away before its body was whole. */
export class BodyCut extends Error {
  override name = 'BodyCut'
}

/** Reads a body whole, at most `limit` bytes; refuses by Content-Length before the first byte where it can. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) throw new BodyTooLarge(limit)
  const chunks: Buffer[] = []
  for await (const chunk of limited(request, limit)) chunks.push(chunk)
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/** The same bytes, ending with BodyTooLarge past `limit` bytes and with BodyCut when the client goes away. */
export async function* limited(request: IncomingMessage, limit: number): AsyncGenerator<Buffer> {
  let size = 0
  try {
    // Whoever stops reading still wants to answer: the default would end the connection.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > limit) throw new BodyTooLarge(limit)
      yield chunk
    }
  } catch (error) {
    if (error instanceof BodyTooLarge) throw error
    throw new BodyCut('the connection ended before the body did', { cause: error })
  }
  if (!request.complete) throw new BodyCut('the connection ended before the body did')
}
