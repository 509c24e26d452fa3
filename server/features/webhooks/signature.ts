import { createHmac } from 'node:crypto'

/**
 * `t=<unix seconds>,v1=<hex>`: HMAC-SHA256 over `<t>.<body>`, one `v1` for each secret that is valid now. A receiver
 * accepts a request when one of them matches its secret, so that a secret can be changed without losing a delivery.
 * docs/webhooks.md shows how to verify it.
 */
export function signatureOf(body: string, secrets: string[], at: Date): string {
  const seconds = Math.floor(at.getTime() / 1000)
  return [
    `t=${seconds}`,
    ...secrets.map((secret) => `v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`),
  ].join(',')
}
