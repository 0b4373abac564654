import schema from '../../../supabase/types/documents.schema.json'
import type { RuleKind } from '@creatorscook/client/documents'

/** The shapes of the parameters of brand rules, as the backend publishes them. */
export type Shape = {
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object'
  enum?: string[]
  const?: string
  items?: Shape & { $ref?: string }
  properties?: Record<string, Shape>
  required?: string[]
  minimum?: number
  maximum?: number
  minItems?: number
  maxItems?: number
  maxLength?: number
  $ref?: string
}

const definitions = schema.$defs as unknown as Record<string, Shape & { oneOf?: { properties: { kind: { const: RuleKind }; params: { $ref: string } } }[] }>

function resolve(ref: string): Shape {
  return definitions[ref.split('/').at(-1)!]!
}

export const KINDS: RuleKind[] = definitions.RuleOfKind!.oneOf!.map(({ properties }) => properties.kind.const)

/** The parameters of a kind. */
export function paramsOf(kind: RuleKind): { fields: [name: string, shape: Shape][]; required: string[] } {
  const found = definitions.RuleOfKind!.oneOf!.find(({ properties }) => properties.kind.const === kind)!
  const shape = resolve(found.properties.params.$ref)
  return { fields: Object.entries(shape.properties ?? {}), required: shape.required ?? [] }
}

export type Control = 'choice' | 'choices' | 'yes' | 'number' | 'text' | 'lines' | 'map' | 'rules'

/** How a form asks for a parameter. */
export function controlOf(name: string, shape: Shape): Control {
  if (name === 'rules') return 'rules'
  if (shape.enum) return 'choice'
  switch (shape.type) {
    case 'boolean': return 'yes'
    case 'integer': case 'number': return 'number'
    case 'array': return shape.items?.enum ? 'choices' : 'lines'
    case 'object': return 'map'
    default: return 'text'
  }
}
