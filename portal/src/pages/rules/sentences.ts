import type { listImmutableRules } from '../../../../api/immutability.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import type { convertRetention, previewRetention } from '../../../../api/retention-preview.ts'
import type { getRetention } from '../../../../api/retention.ts'
import { language } from '../../i18n/language.ts'
import { showTime } from '../../lib/show.ts'
import { words } from './words.ts'

export type ImmutableRule = AnswerOf<typeof listImmutableRules>[number]
export type Policy = AnswerOf<typeof getRetention>
export type Ordered = AnswerOf<typeof convertRetention>
export type Rule = Ordered['ordered_rules'][number]
export type Preview = AnswerOf<typeof previewRetention>
export type Decision = Preview['artifacts'][number]['decision']

const listed = (all: string[], type: 'conjunction' | 'disjunction' = 'conjunction'): string =>
  new Intl.ListFormat(language.value, { type }).format(all)

/** `Keep tags v* in every repository as they are`. */
export function immutableSentence({ tag_selectors: tags, scope_selectors: scopes }: ImmutableRule): string {
  const [tag, repository] = [tags[0], scopes['repository']?.[0]]
  const isAll = (pattern: string | undefined) => pattern === undefined || pattern === '' || pattern === '**'
  const tagText = isAll(tag?.pattern)
    ? words().everyTag
    : tag!.decoration === 'excludes'
      ? words().exceptTags(tag!.pattern)
      : words().tagsLike(tag!.pattern)
  const repositoryText = isAll(repository?.pattern)
    ? words().everyRepository
    : repository!.decoration === 'repoExcludes'
      ? words().exceptRepositories(repository!.pattern)
      : words().inRepositories(repository!.pattern)
  return words().immutableRule(tagText, repositoryText)
}

type Choices = readonly { pattern: string; excludes?: boolean; untagged?: boolean }[]

const patternsOf = (choices: Choices, excludes: boolean): string =>
  listed(
    choices.filter((one) => (one.excludes ?? false) === excludes).map(({ pattern }) => pattern),
    'disjunction',
  )

/** `Keep tags v* in apps/** which are among the 5 last pushed`. */
export function ruleSentence(rule: Rule): string {
  const { action, tags = [], repositories = [] } = rule
  const conditions = conditionsOf(rule)
  return [
    action === 'keep' ? words().keep : words().delete,
    choiceText(tags, words().everyTag, words().tagsLike, words().exceptTags),
    ...(tags.some((one) => one.untagged) ? [words().andUntagged] : []),
    choiceText(repositories, words().everyRepository, words().inRepositories, words().exceptRepositories),
    ...(conditions.length > 0 ? [words().whenAll, listed(conditions)] : []),
  ].join(' ')
}

function choiceText(
  choices: Choices,
  all: string,
  likes: (text: string) => string,
  except: (text: string) => string,
): string {
  const real = choices.filter(({ pattern, excludes }) => excludes || (pattern !== '**' && pattern !== ''))
  const [wanted, unwanted] = [patternsOf(real, false), patternsOf(real, true)]
  if (wanted === '') return unwanted === '' ? all : except(unwanted)
  return unwanted === '' ? likes(wanted) : `${likes(wanted)} (${except(unwanted)})`
}

function conditionsOf(rule: Rule): string[] {
  const { newest, labels = [], signed } = rule
  const newestText =
    newest &&
    `${words().newestBy[newest.by ?? 'pushed'](newest.count)} ${words().per[newest.per ?? 'repository']}`.trim()
  return [
    ...(newestText ? [newestText] : []),
    ...(rule.pushed_within_days === undefined ? [] : [words().pushedWithin(rule.pushed_within_days)]),
    ...(rule.pulled_within_days === undefined ? [] : [words().pulledWithin(rule.pulled_within_days)]),
    ...(rule.not_pushed_days === undefined ? [] : [words().notPushed(rule.not_pushed_days)]),
    ...(rule.not_pulled_days === undefined ? [] : [words().notPulled(rule.not_pulled_days)]),
    ...(labels.length === 0 ? [] : [words().labelled(listed([...labels], 'disjunction'))]),
    ...(signed === undefined ? [] : [signed ? words().signed : words().unsigned]),
  ]
}

/** Why something stays or goes: `rule 2: number 7 of 12 by push`. */
export function reasonText({ reason, rule, value }: Decision): string {
  if (reason === 'rule' && rule !== undefined) return `${words().byRule(rule)}: ${valueText(value)}`
  return words().reasons[reason] ?? valueText(value)
}

/** The server's words for the value that decided, in the chosen language, with times as the reader has them. */
export function valueText(value: string): string {
  const inWords = words().values.reduce((text, [from, to]) => text.replaceAll(from, to), value)
  return inWords.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => showTime(Date.parse(time)))
}
