import type { Overview } from '@creatorscook/client'
import type { ReactNode } from 'react'
import { useOutletContext } from 'react-router'
import { NoPack } from './pages/product-pack.tsx'
import { useDocuments, type Documents } from './product-data.ts'
import { Loading, Problem } from './ui.tsx'

/** A document of the latest analysis, once it is there, in the language that it is written in. */
export function Analysed<Part extends 'people' | 'video'>({ part, children }: { part: Part; children: (document: NonNullable<Documents[Part]>) => ReactNode }) {
  const product = useOutletContext<Overview>()
  const documents = useDocuments(product.id)
  if (documents.error && !documents.data) return <Problem error={documents.error} onRetry={() => documents.refetch()} />
  if (!documents.data) return <Loading lines={6} />
  const document = documents.data[part]
  if (!document) return <NoPack product={product} />
  return <div lang={documents.data.pack?.configuration.locale}>{children(document)}</div>
}
