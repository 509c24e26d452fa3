import { ApiError } from '../../api/client.ts'
import { exitCodes, Problem } from './problem.ts'
import { tame } from './text.ts'

/** Lines for stderr, and the exit code, for whatever ended a command. */
export function describeFailure(error: unknown): { lines: string[]; exitCode: number } {
  if (error instanceof ApiError) return describeRefusal(error)
  if (error instanceof Problem) return { lines: linesOf(error.message, error.wayOut), exitCode: error.exitCode }
  const { message, stack } = error as Error
  return { lines: [(process.env['MARINA_CLI_DEBUG'] ? stack : undefined) ?? message], exitCode: exitCodes.refused }
}

function describeRefusal({ status, code, message, requestId }: ApiError): { lines: string[]; exitCode: number } {
  const named = [String(status), code, requestId && `request ${requestId}`].filter(Boolean).join(', ')
  const [, exitCode, wayOut] = answers.find(([statuses]) => statuses.test(String(status)))!
  return { lines: linesOf(`${message} (${named})`, wayOut), exitCode }
}

const linesOf = (message: string, wayOut: string | undefined) =>
  [message, ...(wayOut === undefined ? [] : [`→ ${wayOut}`])].map(tame)

/** By status: exit code, and what to do. */
const answers: [RegExp, number, string | undefined][] = [
  [/^401$/, exitCodes.login, 'marina login <host> with a name and password that are right'],
  [/^403$/, exitCodes.login, 'marina whoami shows who you are; a project administrator can give you a role'],
  [/^404$/, exitCodes.absent, 'the list command of the noun shows what is there; what you may not see looks absent'],
  [/^(?:409|412)$/, exitCodes.conflict, undefined],
  [/^429$/, exitCodes.unreachable, 'too many requests: try again in a moment'],
  [/^3/, exitCodes.unreachable, 'the address leads elsewhere: log in with the address that answers, https:// perhaps'],
  [/^5/, exitCodes.unreachable, 'the log of the server has more, under the id of the request'],
  [/^/, exitCodes.refused, undefined],
]
