import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router'
import { newQueryClient } from './data.ts'
import { LanguageProvider } from './i18n.tsx'
import { router } from './routes.tsx'
import { SessionProvider } from './session.tsx'
import { loadSettings } from './settings.ts'
import { applyTheme } from './theme.ts'
import { SayProvider } from './ui.tsx'
import './styles.css'

applyTheme()
const root = createRoot(document.getElementById('root')!)
const queries = newQueryClient()

loadSettings().then(
  (settings) =>
    root.render(
      <StrictMode>
        <LanguageProvider>
          <QueryClientProvider client={queries}>
            <SessionProvider settings={settings}>
              <SayProvider>
                <RouterProvider router={router} />
              </SayProvider>
            </SessionProvider>
          </QueryClientProvider>
        </LanguageProvider>
      </StrictMode>,
    ),
  (error: Error) => root.render(<p role="alert">The server did not answer: {error.message}. Reload the page.</p>),
)
