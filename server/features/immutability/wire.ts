import type { Static } from 'typebox'
import type { ImmutableRule, ImmutableRuleReq, ImmutableSelectorReq } from '../../../api/immutability.ts'
import type { Rule, Selector } from './rules.ts'
import type { NewRule } from './store.ts'

/** Parses the fields that the body has; an id or a project in it takes no effect (H17). */
export function parseRule(body: Static<typeof ImmutableRuleReq>): Partial<NewRule> {
  const { priority, disabled, tag_selectors: tags, scope_selectors: scopes } = body
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(disabled === undefined ? {} : { isDisabled: disabled }),
    ...(tags === undefined ? {} : { tagSelectors: tags.map(parseSelector) }),
    ...(scopes === undefined ? {} : { scopeSelectors: { repository: repositoryScope(scopes).map(parseSelector) } }),
  }
}

type SelectorReq = Static<typeof ImmutableSelectorReq>

const repositoryScope = (scopes: Record<string, SelectorReq[]>) =>
  Object.hasOwn(scopes, 'repository') ? scopes['repository']! : []

function parseSelector({ kind = 'doublestar', decoration = '', pattern = '', extras }: SelectorReq): Selector {
  return { kind, decoration, pattern, ...(extras === undefined ? {} : { extras: extras.slice(0, 1024) }) }
}

export function presentRule(rule: Rule): Static<typeof ImmutableRule> {
  const { id, priority, isDisabled, tagSelectors, scopeSelectors } = rule
  return {
    id,
    priority,
    disabled: isDisabled,
    action: 'immutable',
    template: 'immutable_template',
    params: {},
    tag_selectors: tagSelectors,
    scope_selectors: scopeSelectors,
  }
}
