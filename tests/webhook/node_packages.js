// Packages that providers publish on npm, against the webhook library, in both directions.
//
//     node node_packages.js WEBHOOK_TOOL
//
// Where a package signs, the library verifies what it signed; where it verifies, it accepts what the library signed and
// refuses the same with another body. The packages are looked for in the folder
// TEST_WEBHOOK_PACKAGES/node_modules; exits with 77 where they are not installed.

'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { createHmac } = require('node:crypto');
const { createRequire } = require('node:module');
const { createInterface } = require('node:readline');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const folder = process.env.TEST_WEBHOOK_PACKAGES || __dirname;
const packageRequire = createRequire(path.join(folder, 'package.json'));

const BODY = '{"type": "invoice.paid", "id": "evt_1", "name": "Zo\u00eb / \u20ac"}';
const WHSEC = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

async function load() {
    // A module that require() does not find.
    const octokitFolder = path.join(folder, 'node_modules/@octokit/webhooks-methods');
    const octokitPackage = packageRequire(path.join(octokitFolder, 'package.json'));
    const octokit = await import(pathToFileURL(path.join(octokitFolder, octokitPackage.exports['.'].node.import)));
    const { shopifyApi, ApiVersion } = packageRequire('@shopify/shopify-api');
    packageRequire('@shopify/shopify-api/adapters/node');
    return {
        octokit,
        stripe: packageRequire('stripe')('sk_test_unused'),
        standardwebhooks: packageRequire('standardwebhooks'),
        svix: packageRequire('svix'),
        twilio: packageRequire('twilio'),
        sanity: packageRequire('@sanity/webhook'),
        linear: packageRequire('@linear/sdk'),
        zoom: packageRequire('@zoom/rivet/meetings'),
        x: packageRequire('twitter-autohook'),
        XHubSignature: packageRequire('x-hub-signature'),
        shopify: shopifyApi({
            apiKey: 'k', apiSecretKey: 'key', scopes: [], hostName: 'example.com', apiVersion: ApiVersion.January25,
            isEmbeddedApp: false,
        }),
    };
}

/** The library: one request at a time. */
class Tool {
    constructor(program) {
        this.process = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
        this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
    }

    async ask(what, secrets, fields, body) {
        const arrived = Math.floor(Date.now() / 1000);
        this.process.stdin.write(
            JSON.stringify({ do: what, secrets, fields: Object.entries(fields), body, arrived }) + '\n');
        const { value } = await this.lines.next();
        return JSON.parse(value);
    }

    async verdict(secrets, fields, body) {
        return (await this.ask('verify', secrets, fields, body)).verdict;
    }

    async sign(secrets, fields, body) {
        const changes = await this.ask('resign', secrets, fields, body);
        assert.strictEqual(changes.refusal, '');
        return { fields: { ...fields, ...Object.fromEntries(changes.fields) }, body: changes.body || body };
    }

    /** `theirs` are a package's fields, or null; `accepts(fields, body)` asks the package. */
    async both(secrets, theirs, accepts, fields, body = BODY) {
        if (theirs) {
            assert.strictEqual(await this.verdict(secrets, theirs, body), 'valid');
            assert.strictEqual(await this.verdict(secrets, theirs, body + ' '), 'invalid');
        }
        const ours = await this.sign(secrets, fields, body);
        assert.strictEqual(await this.verdict(secrets, ours.fields, ours.body), 'valid');
        assert.ok(await accepts(ours.fields, ours.body));
        assert.ok(!(await accepts(ours.fields, ours.body + ' ')));
    }
}

const succeeds = (call) => {
    try {
        call();
        return true;
    } catch {
        return false;
    }
};

const cases = {
    async github(tool, { octokit }) {
        const theirs = { 'X-GitHub-Event': 'push', 'X-Hub-Signature-256': await octokit.sign('key', BODY) };
        await tool.both('github = key', theirs,
            (fields, body) => octokit.verify('key', body, fields['X-Hub-Signature-256']),
            { 'X-GitHub-Event': 'push', 'X-Hub-Signature-256': 'sha256=00' });
    },

    /** They have no package, and sign as GitHub does; Octokit's is for requests with and without its prefix. */
    async 'bitbucket, gitea and forgejo'(tool, { octokit }) {
        const signature = await octokit.sign('key', BODY);
        const bare = signature.replace('sha256=', '');
        for (const [provider, theirs, name, prefix] of [
            ['bitbucket', { 'X-Event-Key': 'repo:push', 'X-Hub-Signature': signature }, 'X-Hub-Signature', ''],
            ['gitea', { 'X-Gitea-Event': 'push', 'X-Gitea-Signature': bare }, 'X-Gitea-Signature', 'sha256='],
            ['gitea', { 'X-Gitea-Event': 'push', 'X-Hub-Signature-256': signature }, 'X-Hub-Signature-256', ''],
            ['forgejo', { 'X-Forgejo-Event': 'push', 'X-Forgejo-Signature': bare }, 'X-Forgejo-Signature', 'sha256='],
        ]) {
            await tool.both(`${provider} = key`, theirs,
                (fields, body) => octokit.verify('key', body, prefix + fields[name]), { ...theirs, [name]: signature });
        }
    },

    /** They have no package, and sign with the HMAC-SHA1 that this one is for. */
    async 'intercom and vercel'(tool, { XHubSignature }) {
        const hub = new XHubSignature('sha1', 'key');
        await tool.both('intercom = key', { 'X-Hub-Signature': hub.sign(BODY) },
            (fields, body) => hub.verify(fields['X-Hub-Signature'], body), { 'X-Hub-Signature': 'sha1=00' });
        await tool.both('vercel = key', { 'x-vercel-signature': hub.sign(BODY).replace('sha1=', '') },
            (fields, body) => hub.verify('sha1=' + fields['x-vercel-signature'], body), { 'x-vercel-signature': '00' });
    },

    /** It has no package, and signs as Stripe does. */
    async calendly(tool, { stripe }) {
        const header = stripe.webhooks.generateTestHeaderString({ payload: BODY, secret: 'key' });
        await tool.both('calendly = key', { 'Calendly-Webhook-Signature': header },
            (fields, body) => succeeds(
                () => stripe.webhooks.constructEvent(body, fields['Calendly-Webhook-Signature'], 'key')),
            { 'Calendly-Webhook-Signature': 't=1,v1=00' });
    },

    async stripe(tool, { stripe }) {
        const header = stripe.webhooks.generateTestHeaderString({ payload: BODY, secret: 'whsec_test' });
        await tool.both('stripe = whsec_test', { 'Stripe-Signature': header },
            (fields, body) => succeeds(
                () => stripe.webhooks.constructEvent(body, fields['Stripe-Signature'], 'whsec_test')),
            { 'Stripe-Signature': 't=1,v1=00' });
    },

    async 'standard webhooks'(tool, { standardwebhooks }) {
        const hook = new standardwebhooks.Webhook(WHSEC);
        const now = new Date();
        const theirs = {
            'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(now / 1000)),
            'webhook-signature': hook.sign('msg_1', now, BODY),
        };
        await tool.both(`standard-webhooks = ${WHSEC}`, theirs,
            (fields, body) => succeeds(() => hook.verify(body, fields)),
            { 'webhook-id': 'msg_1', 'webhook-signature': 'v1,00' });
    },

    /** GitLab's signing tokens are those of Standard Webhooks. */
    async gitlab(tool, { standardwebhooks }) {
        const hook = new standardwebhooks.Webhook(WHSEC);
        const now = new Date();
        const theirs = {
            'X-Gitlab-Event': 'Push Hook', 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(now / 1000)),
            'webhook-signature': hook.sign('msg_1', now, BODY),
        };
        await tool.both(`gitlab = ${WHSEC}`, theirs, (fields, body) => succeeds(() => hook.verify(body, fields)),
            { 'X-Gitlab-Event': 'Push Hook', 'webhook-id': 'msg_1', 'webhook-signature': 'v1,00' });
    },

    async svix(tool, { svix }) {
        const hook = new svix.Webhook(WHSEC);
        const now = new Date();
        const theirs = {
            'svix-id': 'msg_1', 'svix-timestamp': String(Math.floor(now / 1000)),
            'svix-signature': hook.sign('msg_1', now, BODY),
        };
        await tool.both(`svix = ${WHSEC}`, theirs, (fields, body) => succeeds(() => hook.verify(body, fields)),
            { 'svix-id': 'msg_1', 'svix-signature': 'v1,00' });
    },

    async twilio(tool, { twilio }) {
        const url = 'https://example.com/hook';
        const params = { To: '+18005551212', From: 'a b', Digits: ['5', '1', '1'] };
        const body = 'To=%2B18005551212&From=a+b&Digits=5&Digits=1&Digits=1';
        const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
        const theirs = { ...form, 'X-Twilio-Signature': twilio.getExpectedTwilioSignature('12345', url, params) };
        await tool.both('twilio = 12345', theirs,
            (fields, sent) => twilio.validateRequest('12345', fields['X-Twilio-Signature'], url,
                sent === body ? params : { ...params, From: 'a b ' }),
            { ...form, 'X-Twilio-Signature': 'x' }, body);
    },

    async sanity(tool, { sanity }) {
        const theirs = { 'sanity-webhook-signature': await sanity.encodeSignatureHeader(BODY, Date.now(), 'key') };
        await tool.both('sanity = key', theirs,
            (fields, body) => sanity.isValidSignature(body, fields['sanity-webhook-signature'], 'key'),
            { 'sanity-webhook-signature': 't=1,v1=00' });
    },

    async linear(tool, { linear }) {
        const hooks = new linear.LinearWebhooks('key');
        const accepts = (fields, body) => succeeds(() => assert.ok(hooks.verify(
            Buffer.from(body), fields['Linear-Signature'], JSON.parse(body).webhookTimestamp)));
        await tool.both('linear = key', null, accepts, { 'Linear-Event': 'Issue', 'Linear-Signature': '00' },
            '{"action": "create", "webhookTimestamp": 1676056940508}');
    },

    async shopify(tool, { shopify }) {
        const accepts = async (fields, body) => {
            const rawRequest = { method: 'POST', url: '/hook', headers: fields };
            const rawResponse = {};
            return (await shopify.webhooks.validate({ rawBody: body, rawRequest, rawResponse })).valid;
        };
        const others = {
            'X-Shopify-Topic': 'orders/create', 'X-Shopify-API-Version': '2025-01', 'X-Shopify-Webhook-Id': 'w1',
            'X-Shopify-Shop-Domain': 'shop.myshopify.com',
        };
        await tool.both('shopify = key', null, accepts, { ...others, 'X-Shopify-Hmac-Sha256': 'x' });
    },

    /** The package is a server, which writes the JSON again before it verifies: only its meaning can be changed. */
    async zoom(tool, { zoom }) {
        const receiver = new zoom.HttpReceiver({ webhooksSecretToken: 'key', port: 0 });
        receiver.init({ eventEmitter: { emit: async () => {} } });
        const server = await receiver.start();
        const accepts = async (fields, body) => {
            const url = `http://127.0.0.1:${server.address().port}/zoom/events`;
            return (await fetch(url, { method: 'POST', headers: fields, body })).status === 200;
        };
        const body = JSON.stringify({ event: 'meeting.started', payload: { object: { topic: 'Zo\u00eb / \u20ac' } } });
        const ours = await tool.sign('zoom = key', { 'x-zm-request-timestamp': '1', 'x-zm-signature': 'v0=00' }, body);
        assert.ok(await accepts(ours.fields, body));
        assert.ok(!(await accepts(ours.fields, body.replace('started', 'ended'))));
        await receiver.stop();
    },

    async x(tool, { x }) {
        const accepts = (fields, body) =>
            succeeds(() => assert.ok(x.validateSignature(fields, { consumer_secret: 'key' }, body)));
        await tool.both('x = key', null, accepts, { 'x-twitter-webhooks-signature': 'sha256=x' });
    },

    /** What express.json() and JSON.stringify() make of a body is what the doctor names. */
    async 'JSON that was written again'(tool) {
        const mac = createHmac('sha256', 'key').update(JSON.stringify(JSON.parse(BODY))).digest('hex');
        const report = await tool.ask('diagnose', 'github = key', { 'X-Hub-Signature-256': `sha256=${mac}` }, BODY);
        assert.strictEqual(report.cause, 'body_reserialised');
        assert.match(report.explanation, /JSON\.stringify/);
    },
};

async function main() {
    let packages;
    try {
        packages = await load();
    } catch (error) {
        if (error.code !== 'MODULE_NOT_FOUND') throw error;
        console.log(`a package of a provider is not installed: ${error.message.split('\n')[0]}`);
        process.exit(77);
    }
    const tool = new Tool(process.argv[2]);
    for (const [name, run] of Object.entries(cases)) {
        await run(tool, packages);
        console.log(`${name}: both agree`);
    }
    tool.process.stdin.end();
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
