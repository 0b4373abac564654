import { Link } from 'react-router'
import { useLanguage } from '../i18n.tsx'
import { Empty } from '../ui.tsx'

export function Component() {
  const { t } = useLanguage()
  return <Empty title={t.nowhere}><Link to="/products">{t.backToList}</Link></Empty>
}
