import { ApiError } from '../../api/client.ts'
import { exitCodes, Problem } from './problem.ts'
import { cut, tame } from './text.ts'

/** Which command failed: `words` as typed; `noun` is undefined for one that stands alone. */
export type Failed = { words: string[]; noun: string | undefined }

/** Lines for stderr, and the exit code, for whatever ended a command. */
export function describeFailure(error: unknown, failed: Failed): { lines: string[]; exitCode: number } {
  if (error instanceof ApiError) return describeRefusal(error, failed)
  if (error instanceof Problem) return { lines: linesOf(error.message, error.wayOut), exitCode: error.exitCode }
  const { message, stack } = error as Error
  return { lines: [(process.env['MARINA_CLI_DEBUG'] ? stack : undefined) ?? message], exitCode: exitCodes.refused }
}

/** The server names a thing by its kind alone, so that the words of the command stand before its answer. */
function describeRefusal(refusal: ApiError, { words, noun }: Failed): { lines: string[]; exitCode: number } {
  const { status, code, message, requestId } = refusal
  const named = [String(status), code, requestId && `request ${requestId}`].filter(Boolean).join(', ')
  const [, exitCode, wayOut] = answers.find(([statuses]) => statuses.test(String(status)))!
  const list =
    noun === undefined ? undefined : `marina ${noun} list shows what is there; what you may not see looks absent`
  return {
    lines: linesOf(`${cut(words.join(' '), 100)}: ${message} (${named})`, status === 404 ? list : wayOut),
    exitCode,
  }
}

const linesOf = (message: string, wayOut: string | undefined) =>
  [message, ...(wayOut === undefined ? [] : [`→ ${wayOut}`])].map(tame)

/** By status: exit code, and what to do. */
const answers: [RegExp, number, string | undefined][] = [
  [/^401$/, exitCodes.login, 'marina login <host> with a name and password that are right'],
  [/^403$/, exitCodes.login, 'marina whoami shows who you are; an administrator of the project can give you a role'],
  [/^404$/, exitCodes.absent, undefined],
  [/^(?:409|412)$/, exitCodes.conflict, undefined],
  [/^429$/, exitCodes.unreachable, 'too many requests: try again in a moment'],
  [/^3/, exitCodes.unreachable, 'the address leads elsewhere: log in with the address that answers, https:// perhaps'],
  [/^5/, exitCodes.unreachable, 'the log of the server has more, under the id of the request'],
  [/^/, exitCodes.refused, undefined],
]
