import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// `npm run dev` serves the sources, and passes requests of the API to the stack of `make up`.
const STACK = process.env.API_URL ?? 'http://127.0.0.1:54321'

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: { '@creatorscook/client': fileURLToPath(new URL('./src/client/index.ts', import.meta.url)) },
  },
  build: { target: 'es2022', sourcemap: false, manifest: true },
  server: {
    port: 3000,
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      ['/rest', '/auth', '/subscriptions', '/tiktok', '/local', '/settings.json'].map((path) => [path, STACK]),
    ),
  },
})
