import { compare, productDetail, productHistory } from '@creatorscook/client'
import type { PackConfiguration, SentimentSummary, ViralityBreakdown } from '@creatorscook/client/documents'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { ask, one } from './data.ts'
import { isInFlight } from './jobs.tsx'
import { useClient } from './session.tsx'

/** The row of the list: the product with its latest pack and job. It is read again while a job moves. */
export function useOverview(id: string) {
  const client = useClient()
  const queries = useQueryClient()
  const overview = useQuery({
    queryKey: ['products', 'one', id],
    queryFn: () => one(client.from('product_overview').select('*').eq('id', id).single()),
    refetchInterval: ({ state }) => (state.data && isInFlight(state.data) ? 1000 : 30_000),
  })
  // A job that has ended leaves new documents.
  const isFlying = overview.data ? isInFlight(overview.data) : false
  const wasFlying = useRef(false)
  useEffect(() => {
    if (wasFlying.current && !isFlying) {
      for (const key of ['detail', 'history', 'compare', 'scripts', 'account']) {
        void queries.invalidateQueries({ queryKey: [key] })
      }
    }
    wasFlying.current = isFlying
  }, [isFlying, queries])
  return overview
}

export type Documents = {
  pack: { id: string; name: string; created_at: string; configuration: PackConfiguration } | undefined
  people: SentimentSummary | undefined
  video: ViralityBreakdown | undefined
}

/** The documents of the latest analysis. */
export function useDocuments(id: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['detail', id],
    queryFn: async (): Promise<Documents> => {
      const { virality_packs, analysis_results } = await one(productDetail(client, id))
      let people: SentimentSummary | undefined, video: ViralityBreakdown | undefined
      for (const result of analysis_results) {
        if (result.type === 'sentiment_summary') people ??= result.content
        else video ??= result.content
      }
      return { pack: virality_packs[0], people, video }
    },
  })
}

export function useHistory(id: string) {
  const client = useClient()
  return useQuery({ queryKey: ['history', id], queryFn: () => ask(productHistory(client, id)) })
}

export function useComparison(id: string) {
  const client = useClient()
  return useQuery({ queryKey: ['compare', id], queryFn: () => ask(compare(client, id)) })
}
