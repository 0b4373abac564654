// Its root is this folder: without that Next.js takes the lock file of the project above for its own.
export default { turbopack: { root: import.meta.dirname }, poweredByHeader: false };
