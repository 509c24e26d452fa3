import { chart } from './chart.ts'
import { cnab } from './cnab.ts'
import { image } from './image.ts'
import { imageIndex } from './image-index.ts'
import { model } from './model.ts'
import { other } from './other.ts'
import type { Addition, Processor } from './processor.ts'
import { sbom } from './sbom.ts'
import { wasm } from './wasm.ts'

/** An artifact belongs to the first processor that fits it; the last one fits every artifact. */
export const processors = [sbom, wasm, chart, model, image, cnab, imageIndex, other] satisfies Processor[]

const byType = new Map<string, readonly Addition[]>(
  processors.flatMap(({ type, additions }) =>
    typeof type === 'string' && additions.length > 0 ? [[type, additions]] : [],
  ),
)

/** The additions of an artifact, by its stored type. An index has none, since it has no history of its own. */
export function additionsOf({ type, kind }: { type: string; kind: string }): readonly Addition[] {
  return kind === 'index' ? [] : (byType.get(type) ?? [])
}
