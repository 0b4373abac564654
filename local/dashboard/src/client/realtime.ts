import type { Client } from './client.ts'
import type { Job } from './jobs.ts'

/** Calls `onChange` with each new state; returns what ends it. */
export function followJob(client: Client, id: string, onChange: (job: Job) => void): () => void {
  let isOver = false
  const channel = client
    .channel(`job ${id}`)
    .on<Job>(
      'postgres_changes',
      { event: 'UPDATE', schema: 'public', table: 'jobs', filter: `id=eq.${id}` },
      ({ new: job }) => onChange(job),
    )
  // Joined without a token, a channel shows what a stranger may see: nothing.
  void client.realtime.setAuth().then(() => {
    if (isOver) return
    channel.subscribe(async (status) => {
      if (status !== 'SUBSCRIBED') return
      const { data: job } = await client.from('jobs').select('*').eq('id', id).maybeSingle()
      if (job) onChange(job)
    })
  })
  return () => {
    isOver = true
    void client.removeChannel(channel)
  }
}
