import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** A part of a page whose script is loaded when the part is first shown. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let known: ComponentType<Props> | undefined
  return function Later(props: Props) {
    const [Part, setPart] = useState(() => known)
    const [failure, setFailure] = useState<{ error: unknown } | undefined>(undefined)
    useEffect(() => {
      if (known) return
      load().then(
        (one) => {
          known = one
          setPart(() => one)
        },
        (error: unknown) => setFailure({ error }),
      )
    }, [])
    // The page's error boundary says that it could not be loaded.
    if (failure) throw failure.error
    return Part ? <Part {...props} /> : <div aria-busy="true" />
  }
}
