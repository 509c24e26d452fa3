import type { Client } from '../../api/client.ts'
import type { CallOf } from '../../api/client.ts'
import type { AnswerOf, Operation } from '../../api/operation.ts'
import type { Output } from './output.ts'
import type { Place } from './place.ts'

/** What the shell can complete by asking the server; `context` is answered from the file of saved logins. */
export type Completed = 'project' | 'repository' | 'artifact' | 'robot' | 'user' | 'context' | 'endpoint' | 'policy'

export type Argument = {
  name: string
  about: string
  isOptional?: true
  /** Takes all words that are left. */
  isMany?: true
  choices?: readonly string[]
  complete?: Completed
}

export type Option = {
  /** As commander writes them: `-u, --username <name>`. */
  flags: string
  about: string
  fallback?: string
  choices?: readonly string[]
  isRequired?: true
  /** May be given several times; the command gets a list. */
  isMany?: true
  complete?: Completed
}

/** What a command is given besides its own arguments and options. */
export type Call = {
  /** Where the server is, and who asks. Throws Problem when nobody has said. */
  place(): Place
  client: Client
  /** Follows `rel="next"` from page to page, until there are `limit` rows; 0: all. */
  pages: Pages
  out: Output
  /** Ends with Problem unless the answer is yes; `--yes` answers, `--dry-run` ends after the text. */
  confirm(what: string[], question: string): Promise<boolean>
}

export type Pages = <O extends Operation & { page: true }>(
  operation: O,
  call: CallOf<O>,
  limit: number,
) => Promise<{ rows: RowOf<O>[]; total: number }>

export type RowOf<O> = AnswerOf<O> extends (infer Row)[] ? Row : never

/** A command of `marina` as a value; `Given` holds its arguments and options by their names. */
export type Verb<Given extends object = object> = {
  name: string
  aliases?: string[]
  /** The line that help shows. */
  about: string
  arguments?: Argument[]
  options?: Option[]
  /** Command lines and what they do, for `--help`. */
  examples?: [line: string, what: string][]
  /** Changes or removes things that matter: takes --yes and --dry-run. */
  asksFirst?: true
  /** Asks no server: takes none of the options that say where one is. */
  isLocal?: true
  run(given: Given, call: Call): Promise<void> | void
}

/** A noun with its verbs, such as `marina projects list`. */
export type Noun = { name: string; aliases?: string[]; about: string; verbs: Verb[] }
