import { registerHooks } from 'node:module'

/**
 * Lets the operations of api/ load without TypeBox. Its 700 files take longer to load than all the rest of a command,
 * and the client needs no schema: of an operation it reads method, path and the names of the query's fields. To be
 * called before a file of api/ is imported; where Node has no such hooks, TypeBox is loaded and all works as well.
 */
export function loadWithoutTypeBox(): void {
  registerHooks?.({
    resolve: (specifier, context, next) =>
      specifier === 'typebox'
        ? { url: new URL('./schemas-light.ts', import.meta.url).href, format: 'module-typescript', shortCircuit: true }
        : next(specifier, context),
  })
}
