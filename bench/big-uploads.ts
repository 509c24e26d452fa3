/** Sixteen uploads at once, in a process of its own. The bodies share a long first part and end differently. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { openConnection } from './connection.ts'
import { startUpload, withDigest } from './image.ts'

export type Order = { port: number; token: string; name: string; uploads: number; blocks: number }

const MiB = 2 ** 20
const shared = randomBytes(MiB)

process.once('message', (order: Order) => {
  uploadAll(order).then(
    () => process.send!('done', () => process.disconnect()),
    (error: Error) => process.send!(error.message, () => process.disconnect()),
  )
})

async function uploadAll(order: Order) {
  const begun = createHash('sha256')
  for (let block = 1; block < order.blocks; block++) begun.update(shared)
  await Promise.all(
    Array.from({ length: order.uploads }, () => {
      const end = randomBytes(MiB)
      return upload(order, end, `sha256:${begun.copy().update(end).digest('hex')}`)
    }),
  )
}

async function upload({ port, token, name, blocks }: Order, end: Buffer, digest: string) {
  const connection = await openConnection(port)
  const location = await startUpload(connection, token, name)
  connection.close()
  const socket = connect({ port, host: '127.0.0.1' })
  const answered = once(socket, 'data') as Promise<[Buffer]>
  answered.catch(() => {})
  socket.write(
    `PUT ${withDigest(location, digest)} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${token}\r\n`,
  )
  socket.write(`content-type: application/octet-stream\r\ncontent-length: ${blocks * MiB}\r\nconnection: close\r\n\r\n`)
  for (let block = 1; block <= blocks; block++) {
    if (!socket.write(block === blocks ? end : shared)) await once(socket, 'drain')
  }
  const head = (await answered)[0].toString('latin1').split('\r\n', 1)[0]!
  socket.destroy()
  if (!head.includes(' 201 ')) throw new Error(`an upload was answered with ${head}`)
}
