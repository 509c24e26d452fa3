/**
 * The Container Runtime Interface as the kubelet speaks it to containerd: gRPC over a Unix socket. The messages here
 * hold strings and messages only, so that a few lines do without a library. Source: kubernetes/cri-api,
 * pkg/apis/runtime/v1/api.proto, and the gRPC protocol over HTTP/2 (PROTOCOL-HTTP2.md).
 */
import { connect, constants } from 'node:http2'
import { createConnection } from 'node:net'

/** An answer of gRPC other than OK: `code` is its status, as in 5 NOT_FOUND. */
export class CallFailed extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** PullImage: pulls as the kubelet does. Returns the image's id, which is the digest of its configuration. */
export async function pullImage(
  socket: string,
  image: string,
  auth?: { username: string; password: string },
): Promise<string> {
  const spec = field(1, field(1, image))
  const credential = auth ? field(2, Buffer.concat([field(1, auth.username), field(2, auth.password)])) : ''
  const answer = await call(socket, 'PullImage', Buffer.concat([spec, Buffer.from(credential)]))
  return String(answer.subarray(2, 2 + answer[1]!))
}

/** One unary call to the image service. A gRPC message is a byte 0, the length in four bytes, and the message. */
async function call(socket: string, method: string, message: Buffer): Promise<Buffer> {
  const session = connect('http://localhost', { createConnection: () => createConnection(socket) })
  try {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    session.once('error', reject)
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: `/runtime.v1.ImageService/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    const parts: Buffer[] = []
    const settle = (headers: { 'grpc-status'?: unknown; 'grpc-message'?: unknown }) => {
      const status = headers['grpc-status']
      if (status !== undefined && status !== '0')
        reject(new CallFailed(Number(status), decodeURIComponent(String(headers['grpc-message']))))
    }
    stream.on('data', (data: Buffer) => parts.push(data))
    // An error without a message comes in the headers, any other in the trailers.
    stream.once('response', settle).once('trailers', settle)
    stream.once('error', reject)
    stream.once('end', () => resolve(Buffer.concat(parts).subarray(5)))
    const head = Buffer.alloc(5)
    head.writeUInt32BE(message.length, 1)
    stream.end(Buffer.concat([head, message]))
    return await promise
  } finally {
    session.close()
  }
}

/** A field of Protocol Buffers with a string or a message in it: tag, length, bytes. */
function field(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(bytes.length)]), bytes])
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]
}
