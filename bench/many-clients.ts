/**
 * Half of the 5,000 clients, in a process of its own: opens its connections, waits for the start, sends, and reports.
 */
import { openConnection, type Connection } from './connection.ts'

export type Order = {
  port: number
  connections: number
  requestsEach: number
  target: string
  head: string
  bodyLength: number
}
export type Outcome = { failed: number; reasons: string[]; ms: number[] }

process.once('message', (order: Order) => void prepare(order))

async function prepare(order: Order) {
  const reasons: string[] = []
  const opened = await Promise.all(
    Array.from({ length: order.connections }, () =>
      openConnection(order.port).catch((error: Error) => void reasons.push(error.message)),
    ),
  )
  const connections = opened.filter((one) => one !== undefined)
  process.once('message', () => void askAll(order, connections, reasons))
  process.send!('ready')
}

async function askAll(
  { requestsEach, target, head, bodyLength, ...order }: Order,
  connections: Connection[],
  reasons: string[],
) {
  const ms: number[] = []
  let failed = (order.connections - connections.length) * requestsEach
  await Promise.all(
    connections.map(async (connection) => {
      for (let left = requestsEach; left > 0; left--) {
        const started = performance.now()
        try {
          const { status, body } = await connection.ask('GET', target, head)
          if (status !== 200 || body.length !== bodyLength) throw new Error(`status ${status}, ${body.length} bytes`)
          ms.push(performance.now() - started)
        } catch (error) {
          reasons.push((error as Error).message)
          failed += left
          return
        }
      }
    }),
  )
  for (const connection of connections) connection.close()
  process.send!({ failed, reasons: [...new Set(reasons)].slice(0, 5), ms } satisfies Outcome, () =>
    process.disconnect(),
  )
}
