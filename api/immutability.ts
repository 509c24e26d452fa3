import { Type } from 'typebox'

export const ImmutableSelector = Type.Object({
  kind: Type.Optional(Type.String()),
  decoration: Type.Optional(Type.String()),
  pattern: Type.Optional(Type.String()),
  extras: Type.Optional(Type.String()),
})

export const ImmutableRule = Type.Object({
  id: Type.Optional(Type.Integer()),
  priority: Type.Optional(Type.Integer()),
  disabled: Type.Optional(Type.Boolean()),
  action: Type.Optional(Type.String()),
  template: Type.Optional(Type.String()),
  params: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  tag_selectors: Type.Optional(Type.Array(ImmutableSelector)),
  scope_selectors: Type.Optional(Type.Record(Type.String(), Type.Array(ImmutableSelector))),
})
