import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ask } from './data.ts'
import { useLanguage } from './i18n.tsx'
import { useClient } from './session.tsx'
import { Confirm, Problem, useSay } from './ui.tsx'

/** Asks before a product is deleted. `onDeleted` comes before the lists are read again. */
export function DeleteProduct({ product, open, onOpenChange, onDeleted }: {
  product: { id: string; name: string }; open: boolean; onOpenChange: (open: boolean) => void; onDeleted?: () => void
}) {
  const { t } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const say = useSay()
  const remove = useMutation({
    mutationFn: () => ask(client.from('products').delete().eq('id', product.id).select('id')),
    onSuccess: () => {
      say(t.deleted(product.name))
      onDeleted?.()
      queries.removeQueries({ queryKey: ['products', 'one', product.id] })
      void queries.invalidateQueries({ queryKey: ['products'] })
      void queries.invalidateQueries({ queryKey: ['account'] })
    },
  })
  return (
    <>
      <Problem error={remove.error} />
      <Confirm
        open={open} onOpenChange={onOpenChange}
        title={t.deleteProduct(product.name)} text={t.deleteProductText} action={t.delete} onConfirm={() => remove.mutate()}
      />
    </>
  )
}
