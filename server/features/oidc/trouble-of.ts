import * as client from 'openid-client'
import { OutboundFailed, OutboundRefused } from '../../platform/outbound/outbound.ts'
import { OidcTrouble } from './trouble.ts'

/**
 * The trouble that an error of the protocol library is. Its errors are never logged themselves: their causes hold
 * claims, tokens and bodies of answers.
 */
export function troubleOf(error: unknown, doing: string): OidcTrouble {
  if (error instanceof OidcTrouble) return error
  for (const one of causes(error)) {
    if (one instanceof OidcTrouble) return new OidcTrouble(one.kind, `${doing}: ${one.message}`)
    if (one instanceof OutboundRefused || one instanceof OutboundFailed)
      return new OidcTrouble('unreachable', `${doing}: ${one.message}`)
  }
  if (error instanceof client.ResponseBodyError) {
    const { status, error: code, error_description: why } = error
    const kind = status >= 500 || status === 429 ? 'unreachable' : 'refused'
    return new OidcTrouble(kind, `${doing}: the provider answered ${status} ${plain(code)}${sentence(why)}`, { code })
  }
  if (error instanceof client.AuthorizationResponseError) {
    const { error: code, error_description: why } = error
    return new OidcTrouble('refused', `${doing}: the provider answered ${plain(code)}${sentence(why)}`, { code })
  }
  if (error instanceof client.WWWAuthenticateChallengeError)
    return new OidcTrouble('refused', `${doing}: the provider answered ${error.status} and asks for other credentials`)
  return ofStatus(error, doing) ?? new OidcTrouble('invalid', `${doing}: ${explained(error)}`)
}

/** An answer of a status that the protocol does not know: a server error may be over later. */
function ofStatus(error: unknown, doing: string): OidcTrouble | undefined {
  const answer = [...causes(error)].find((one): one is Response => one instanceof Response)
  if (!answer || answer.status === 200) return undefined
  const isLater = answer.status >= 500 || answer.status === 429
  const kind = isLater ? 'unreachable' : answer.status >= 400 ? 'refused' : 'invalid'
  const redirect = answer.status >= 300 && answer.status < 400 ? ', and redirects are not followed' : ''
  return new OidcTrouble(kind, `${doing}: the provider answered ${answer.status}${redirect}`)
}

function* causes(error: unknown): Generator {
  let [one, depth] = [error, 0]
  while (one !== undefined && one !== null && depth++ < 8) {
    yield one
    one = (one as { cause?: unknown }).cause
  }
}

/** The library's sentence, and for a claim its name. Never a value: it may be a secret. */
function explained(error: unknown): string {
  const sentences = [...causes(error)].flatMap((one) => (one instanceof Error ? [one.message] : []))
  const claim = [...causes(error)]
    .map((one) => (one as { claim?: unknown }).claim)
    .find((one) => typeof one === 'string')
  const last = sentences.at(-1) ?? 'the answer cannot be used'
  return plain(claim === undefined ? last : `${last} (${claim})`)
}

/** Text from elsewhere, fit for one line of the log. */
function plain(text: unknown): string {
  return String(text)
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .slice(0, 300)
}

const sentence = (text: string | undefined) => (text ? ` (${plain(text)})` : '')
