import type { ComponentType } from 'preact'

/** What a page gets: the parts of its path. `PageProps<'project'>` for `/p/:project`. */
export type PageProps<Name extends string> = { params: Readonly<Record<Name, string>> }

/** A page's file: its default export is the page. */
// eslint-disable-next-line typescript/no-explicit-any -- pages differ in the names of their parameters
export type PageModule = { default: ComponentType<any> }
