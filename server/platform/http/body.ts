import type { IncomingMessage } from 'node:http'

/** A body is larger than its limit. */
export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge'
  readonly limit: number
  constructor(limit: number) {
    super(`the body is larger than the limit of ${limit} bytes`)
    this.limit = limit
  }
}

/** The client closed the connection before its body was complete. */
export class BodyCut extends Error {
  override name = 'BodyCut'
}

/** Reads a whole body of at most `limit` bytes. Throws BodyTooLarge and BodyCut. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of limited(request, limit)) chunks.push(chunk)
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/**
 * The body's bytes. Throws BodyTooLarge beyond `limit` bytes, before the first one if Content-Length says so, and
 * BodyCut when the client closes the connection. A caller that stops reading leaves the connection open, so that it can
 * still answer.
 */
export async function* limited(request: IncomingMessage, limit: number): AsyncGenerator<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw new BodyTooLarge(limit)
  let size = 0
  try {
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
