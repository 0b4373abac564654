/**
 * Stands where `window.Clerk` stands, on this machine only: `devClerk(CLERK_URL, 'alice')`.
 * @param {string} clerkUrl The local stand-in for Clerk, http://127.0.0.1:54328.
 * @param {string} name Whom to be. The first use makes the person.
 * @param {{ org?: string, role?: 'admin' | 'editor' | 'viewer' }} [active] The organisation to act for.
 */
export declare function devClerk(clerkUrl: string, name: string, active?: {
    org?: string;
    role?: 'admin' | 'editor' | 'viewer';
}): {
    session: {
        getToken: ({ skipCache }?: {
            skipCache?: boolean;
        }) => Promise<string>;
    };
};
