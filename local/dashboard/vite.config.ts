import react from '@vitejs/plugin-react'
import { defineConfig, loadEnv } from 'vite'

// `npm run dev` serves the sources, and passes requests of the API to the stack of `make up`, whose
// port may stand in the project's `.env`.
const PROJECT = new URL('../..', import.meta.url).pathname
const { API_PORT = '54321' } = loadEnv('', PROJECT, 'API_PORT')
const STACK = process.env.API_URL ?? `http://127.0.0.1:${API_PORT}`
const API = ['/rest', '/auth', '/subscriptions', '/tiktok', '/settings.json']

export default defineConfig({
  plugins: [react()],
  // The client is a link to a folder of this project; both share one supabase-js.
  resolve: { dedupe: ['@supabase/supabase-js'] },
  build: { target: 'es2022', manifest: true },
  server: { port: 3000, host: '127.0.0.1', proxy: Object.fromEntries(API.map((path) => [path, STACK])) },
})
