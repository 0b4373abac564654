import { createBrowserRouter, redirect } from 'react-router'
import { RouteProblem, Shell } from './shell.tsx'

// local/pages.py has the first part of each address.
export const router = createBrowserRouter([
  { path: '/sign-in', lazy: () => import('./pages/sign-in.tsx'), ErrorBoundary: RouteProblem },
  { path: '/shared', lazy: () => import('./pages/shared.tsx'), ErrorBoundary: RouteProblem },
  {
    path: '/',
    Component: Shell,
    ErrorBoundary: RouteProblem,
    HydrateFallback: () => null,
    children: [
      { index: true, loader: () => redirect('/products'), Component: () => null },
      { path: 'products', lazy: () => import('./pages/products.tsx') },
      {
        path: 'products/:id',
        lazy: () => import('./pages/product.tsx'),
        children: [
          { index: true, lazy: () => import('./pages/product-pack.tsx') },
          { path: 'people', lazy: () => import('./pages/product-people.tsx') },
          { path: 'video', lazy: () => import('./pages/product-video.tsx') },
          { path: 'history', lazy: () => import('./pages/product-history.tsx') },
          { path: 'compare', lazy: () => import('./pages/product-compare.tsx') },
          { path: 'scripts', lazy: () => import('./pages/product-scripts.tsx') },
        ],
      },
      { path: 'scripts/:id', lazy: () => import('./pages/script.tsx') },
      { path: 'rules', lazy: () => import('./pages/rules.tsx') },
      { path: 'brands', lazy: () => import('./pages/brands.tsx') },
      { path: 'plan', lazy: () => import('./pages/plan.tsx') },
      { path: 'billing/success', lazy: () => import('./pages/billing-success.tsx') },
      { path: 'members', lazy: () => import('./pages/members.tsx') },
      { path: 'audit', lazy: () => import('./pages/audit.tsx') },
      { path: 'notifications', lazy: () => import('./pages/notifications.tsx') },
      {
        path: 'developers',
        lazy: () => import('./pages/developers.tsx'),
        children: [
          { index: true, lazy: () => import('./pages/api-keys.tsx') },
          { path: 'webhooks', lazy: () => import('./pages/webhooks.tsx') },
          { path: 'webhooks/:id', lazy: () => import('./pages/webhook.tsx') },
        ],
      },
      { path: 'connections', lazy: () => import('./pages/connections.tsx') },
      { path: 'account', lazy: () => import('./pages/account.tsx') },
      { path: '*', lazy: () => import('./pages/nowhere.tsx') },
    ],
  },
])
