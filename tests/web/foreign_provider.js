// npm's oidc-provider as a foreign provider of OpenID Connect, with its own pages for signing in and agreeing.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const settings = JSON.parse(process.argv[2]);
let provider;
const server = createServer((request, response) => provider.callback()(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = new Provider(issuer, {
    clients: [{
      client_id: 'jasang', client_secret: 'a-secret-between-the-two',
      redirect_uris: settings.redirect, post_logout_redirect_uris: settings.afterSignOut,
      grant_types: ['authorization_code'], response_types: ['code'],
    }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['preferred_username'] },
    conformIdTokenClaims: settings.claimsInToken !== true,
    pkce: { required: () => true },
    cookies: { keys: ['for-tests-only'] },
    features: { devInteractions: { enabled: true } },
    findAccount: async (context, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, ...(settings.people[id] ?? {}) }),
    }),
  });
  console.log(`ready ${issuer}`);
});
