#include "webhook/scheme.hpp"
#include "webhook/scheme_reader.hpp"

namespace tunnel::webhook {

namespace {

// Rows that need a field of one provider stand above those of another whose fields it sends too: Forgejo sends those of
// Gitea, and both send those of GitHub. The rows of one provider go from the strongest to the weakest.

constexpr std::string_view code_hosts = R"json([
{"provider": "forgejo", "title": "Forgejo", "signature": "X-Forgejo-Signature", "marks": ["X-Forgejo-Event"],
 "event": "X-Forgejo-Event", "delivery": "X-Forgejo-Delivery", "also": ["gitea"],
 "secret_place": "the field Secret of the webhook in the settings of the repository"},
{"provider": "forgejo", "name": "forgejo-gitea", "signature": "X-Gitea-Signature", "when": ["X-Forgejo-Event"]},
{"provider": "forgejo", "name": "forgejo-gogs", "signature": "X-Gogs-Signature", "when": ["X-Forgejo-Event"]},
{"provider": "forgejo", "name": "forgejo-hub", "signature": "X-Hub-Signature-256", "prefix": "sha256=",
 "when": ["X-Forgejo-Event"]},
{"provider": "forgejo", "name": "forgejo-hub-sha1", "signature": "X-Hub-Signature", "prefix": "sha1=",
 "algorithm": "hmac-sha1", "when": ["X-Forgejo-Event"]},

{"provider": "gitea", "title": "Gitea", "signature": "X-Gitea-Signature", "marks": ["X-Gitea-Event"],
 "event": "X-Gitea-Event", "delivery": "X-Gitea-Delivery", "also": ["forgejo"],
 "secret_place": "the field Secret of the webhook in the settings of the repository"},
{"provider": "gitea", "name": "gitea-gogs", "signature": "X-Gogs-Signature", "when": ["X-Gitea-Event"]},
{"provider": "gitea", "name": "gitea-hub", "signature": "X-Hub-Signature-256", "prefix": "sha256=",
 "when": ["X-Gitea-Event"]},
{"provider": "gitea", "name": "gitea-hub-sha1", "signature": "X-Hub-Signature", "prefix": "sha1=",
 "algorithm": "hmac-sha1", "when": ["X-Gitea-Event"]},

{"provider": "bitbucket", "title": "Bitbucket", "signature": "X-Hub-Signature", "prefix": "sha256=",
 "when": ["X-Event-Key"], "marks": ["X-Event-Key"], "event": "X-Event-Key", "delivery": "X-Request-UUID|X-Request-Id",
 "attempt": "X-Attempt-Number", "secret_place": "the field Secret of the webhook in the settings of the repository"},

{"provider": "github", "title": "GitHub", "signature": "X-Hub-Signature-256", "prefix": "sha256=",
 "marks": ["X-GitHub-Event"], "event": "X-GitHub-Event", "delivery": "X-GitHub-Delivery",
 "secret_place": "the field Secret of the webhook, in the settings of the repository, organization or app"},
{"provider": "github", "name": "github-sha1", "signature": "X-Hub-Signature", "prefix": "sha1=",
 "algorithm": "hmac-sha1", "when": ["X-GitHub-Event"]},

{"provider": "gitlab", "name": "gitlab-signed", "title": "GitLab", "signature": "webhook-signature", "separator": " ",
 "prefix": "v1,", "encoding": "base64", "message": "{id}.{timestamp}.{body}", "when": ["X-Gitlab-Event"],
 "marks": ["X-Gitlab-Event"], "key_prefix": "whsec_", "key_encoding": "base64", "timestamp": "webhook-timestamp",
 "tolerance": 300, "id": "webhook-id", "event": "X-Gitlab-Event",
 "delivery": "X-Gitlab-Event-UUID|Idempotency-Key|webhook-id",
 "secret_place": "the signing token of the webhook, or its secret token, in the settings of the project"},
{"provider": "gitlab", "title": "GitLab", "signature": "X-Gitlab-Token", "algorithm": "token", "encoding": "text",
 "message": ""},

{"provider": "linear", "title": "Linear", "signature": "Linear-Signature", "marks": ["Linear-Event"],
 "timestamp": "body:/webhookTimestamp", "unit": "milliseconds", "tolerance": 60, "event": "Linear-Event",
 "delivery": "Linear-Delivery", "secret_place": "the signing secret of the webhook, in Settings > API"},

{"provider": "sentry", "title": "Sentry", "signature": "Sentry-Hook-Signature", "marks": ["Sentry-Hook-Resource"],
 "event": "Sentry-Hook-Resource", "delivery": "Request-ID", "secret_place": "the Client Secret of the integration"},
{"provider": "sentry", "name": "sentry-app", "signature": "Sentry-App-Signature"},

{"provider": "vercel", "title": "Vercel", "signature": "x-vercel-signature", "algorithm": "hmac-sha1",
 "event": "body:/type", "delivery": "body:/id",
 "secret_place": "the secret that was shown when the webhook was created, or the integration's client secret"},

{"provider": "sanity", "title": "Sanity", "signature": "sanity-webhook-signature", "separator": ",", "prefix": "v1=",
 "encoding": "base64url", "message": "{timestamp}.{body}", "timestamp": "item:t=", "unit": "milliseconds",
 "event": "sanity-operation", "delivery": "idempotency-key", "secret_place": "the Secret of the webhook"}
])json";

constexpr std::string_view payments = R"json([
{"provider": "stripe", "title": "Stripe", "signature": "Stripe-Signature", "separator": ",", "prefix": "v1=",
 "message": "{timestamp}.{body}", "timestamp": "item:t=", "tolerance": 300, "refuses_future": false,
 "event": "body:/type", "delivery": "body:/id",
 "secret_place": "the signing secret (whsec_...) of this endpoint; `stripe listen` prints one of its own"},

{"provider": "shopify", "title": "Shopify", "signature": "X-Shopify-Hmac-Sha256", "encoding": "base64",
 "marks": ["X-Shopify-Topic"], "event": "X-Shopify-Topic", "delivery": "X-Shopify-Webhook-Id",
 "secret_place": "the client secret of the app, or for webhooks of the admin the secret below their list"},

{"provider": "square", "title": "Square", "signature": "x-square-hmacsha256-signature", "encoding": "base64",
 "message": "{url}{body}", "event": "body:/type", "delivery": "body:/event_id", "attempt": "square-retry-number",
 "secret_place": "the signature key of the webhook subscription"},
{"provider": "square", "name": "square-sha1", "signature": "x-square-signature", "algorithm": "hmac-sha1",
 "encoding": "base64", "message": "{url}{body}"},

{"provider": "paddle", "title": "Paddle", "signature": "Paddle-Signature", "separator": ";", "prefix": "h1=",
 "message": "{timestamp}:{body}", "timestamp": "item:ts=", "tolerance": 5, "event": "body:/event_type",
 "delivery": "body:/event_id", "secret_place": "the secret key of the notification destination (pdl_ntfset_...)"
},

{"provider": "woocommerce", "title": "WooCommerce", "signature": "X-WC-Webhook-Signature", "encoding": "base64",
 "marks": ["X-WC-Webhook-Topic"], "event": "X-WC-Webhook-Topic", "delivery": "X-WC-Webhook-Delivery-ID",
 "secret_place": "the Secret of the webhook, in Settings > Advanced > Webhooks"},

{"provider": "razorpay", "title": "Razorpay", "signature": "X-Razorpay-Signature", "event": "body:/event",
 "delivery": "X-Razorpay-Event-Id", "secret_place": "the secret that was entered for the webhook, not the key secret"},

{"provider": "lemonsqueezy", "title": "Lemon Squeezy", "signature": "X-Signature", "when": ["X-Event-Name"],
 "event": "X-Event-Name", "secret_place": "the signing secret that was entered for the webhook"}
])json";

constexpr std::string_view messaging = R"json([
{"provider": "slack", "title": "Slack", "signature": "X-Slack-Signature", "prefix": "v0=",
 "message": "v0:{timestamp}:{body}", "timestamp": "X-Slack-Request-Timestamp", "tolerance": 300,
 "event": "body:/event/type|body:/type|body:/command", "delivery": "body:/event_id|body:/trigger_id",
 "attempt": "X-Slack-Retry-Num", "secret_place": "the Signing Secret in Basic Information of the app"},

{"provider": "twilio", "name": "twilio-sha256", "title": "Twilio", "signature": "X-Twilio-Signature",
 "encoding": "base64", "message": "{url}{form}", "default_port": true, "body_hash": "bodySHA256",
 "when": ["X-Twilio-Webhooks-Signature-Settings=HMAC_SHA256"],
 "event": "body:/MessageStatus|body:/SmsStatus|body:/CallStatus", "delivery": "I-Twilio-Idempotency-Token",
 "secret_place": "the Auth Token of the account, or the shared key where SHA-256 signatures are configured"},
{"provider": "twilio", "signature": "X-Twilio-Signature", "algorithm": "hmac-sha1", "encoding": "base64",
 "message": "{url}{form}", "default_port": true, "body_hash": "bodySHA256"},

{"provider": "sendgrid", "title": "SendGrid", "signature": "X-Twilio-Email-Event-Webhook-Signature",
 "algorithm": "ecdsa-p256", "encoding": "base64", "message": "{timestamp}{body}",
 "timestamp": "X-Twilio-Email-Event-Webhook-Timestamp", "key_encoding": "base64", "event": "body:/0/event",
 "delivery": "body:/0/sg_event_id", "secret_place": "the verification key (a public key) of the Event Webhook"},

{"provider": "mailgun", "title": "Mailgun", "signature": "body:/signature/signature|body:/signature",
 "message": "{timestamp}{id}", "timestamp": "body:/signature/timestamp|body:/timestamp",
 "id": "body:/signature/token|body:/token", "event": "body:/event-data/event|body:/event",
 "delivery": "body:/event-data/id|body:/Message-Id", "secret_place": "the HTTP webhook signing key, not the API key"},

{"provider": "discord", "title": "Discord", "signature": "X-Signature-Ed25519", "algorithm": "ed25519",
 "message": "{timestamp}{body}", "timestamp": "X-Signature-Timestamp", "key_encoding": "hex",
 "event": "body:/event/type|body:/type", "delivery": "body:/id", "secret_place": "the Public Key of the application"},

{"provider": "zoom", "title": "Zoom", "signature": "x-zm-signature", "prefix": "v0=",
 "message": "v0:{timestamp}:{body}", "timestamp": "x-zm-request-timestamp", "tolerance": 300, "event": "body:/event",
 "secret_place": "the Secret Token of the app's event subscription"},

{"provider": "intercom", "title": "Intercom", "signature": "X-Hub-Signature", "prefix": "sha1=",
 "algorithm": "hmac-sha1", "event": "body:/topic", "delivery": "body:/id", "attempt": "body:/delivery_attempts",
 "secret_place": "the client secret of the app"}
])json";

constexpr std::string_view other_services = R"json([
{"provider": "hubspot", "name": "hubspot-v3", "title": "HubSpot", "signature": "X-HubSpot-Signature-v3",
 "encoding": "base64", "message": "{method}{url}{body}{timestamp}", "timestamp": "X-HubSpot-Request-Timestamp",
 "unit": "milliseconds", "tolerance": 300, "refuses_future": false, "event": "body:/0/subscriptionType",
 "delivery": "body:/0/eventId", "attempt": "body:/0/attemptNumber", "secret_place": "the client secret of the app"},
{"provider": "hubspot", "name": "hubspot-v2", "signature": "X-HubSpot-Signature", "algorithm": "sha256",
 "message": "{secret}{method}{url}{body}", "when": ["X-HubSpot-Signature-Version=v2"]},
{"provider": "hubspot", "name": "hubspot-v1", "signature": "X-HubSpot-Signature", "algorithm": "sha256",
 "message": "{secret}{body}", "when": ["X-HubSpot-Signature-Version=v1"]},

{"provider": "dropbox", "title": "Dropbox", "signature": "X-Dropbox-Signature",
 "secret_place": "the App secret in the App Console"},

{"provider": "x", "title": "X", "signature": "x-twitter-webhooks-signature", "prefix": "sha256=",
 "encoding": "base64", "secret_place": "the API Key Secret (consumer secret) of the app"},

{"provider": "typeform", "title": "Typeform", "signature": "Typeform-Signature", "prefix": "sha256=",
 "encoding": "base64", "event": "body:/event_type", "delivery": "body:/event_id",
 "secret_place": "the Secret of the webhook"},

{"provider": "calendly", "title": "Calendly", "signature": "Calendly-Webhook-Signature", "separator": ",",
 "prefix": "v1=", "message": "{timestamp}.{body}", "timestamp": "item:t=", "tolerance": 180, "refuses_future": false,
 "event": "body:/event", "secret_place": "the signing_key of the webhook subscription"},

{"provider": "workos", "title": "WorkOS", "signature": "WorkOS-Signature", "separator": ", ", "prefix": "v1=",
 "message": "{timestamp}.{body}", "timestamp": "item:t=", "unit": "milliseconds", "tolerance": 180,
 "event": "body:/event", "delivery": "body:/id", "secret_place": "the secret of the webhook endpoint"},

{"provider": "svix", "title": "Svix", "signature": "svix-signature", "separator": " ", "prefix": "v1,",
 "encoding": "base64", "message": "{id}.{timestamp}.{body}", "key_prefix": "whsec_", "key_encoding": "base64",
 "timestamp": "svix-timestamp", "tolerance": 300, "id": "svix-id", "event": "body:/type|body:/event_type",
 "delivery": "svix-id", "also": ["standard-webhooks"],
 "secret_place": "the signing secret (whsec_...) of the endpoint"},

{"provider": "standard-webhooks", "title": "Standard Webhooks", "signature": "webhook-signature", "separator": " ",
 "prefix": "v1,", "encoding": "base64", "message": "{id}.{timestamp}.{body}", "key_prefix": "whsec_",
 "key_encoding": "base64", "timestamp": "webhook-timestamp", "tolerance": 300, "id": "webhook-id",
 "event": "body:/type|body:/event_type", "delivery": "webhook-id", "also": ["svix"],
 "secret_place": "the signing secret (whsec_...) of the endpoint"},
{"provider": "standard-webhooks", "name": "standard-webhooks-v1a", "signature": "webhook-signature", "separator": " ",
 "prefix": "v1a,", "algorithm": "ed25519", "encoding": "base64", "message": "{id}.{timestamp}.{body}",
 "key_prefix": "whpk_", "key_encoding": "base64", "timestamp": "webhook-timestamp", "tolerance": 300,
 "id": "webhook-id"}
])json";

}  // namespace

const std::vector<scheme>& builtin_schemes() {
    static const auto all = [] {
        std::vector<scheme> rows;
        for (const auto part : {code_hosts, payments, messaging, other_services}) read_schemes(part, rows);
        return rows;
    }();
    return all;
}

std::vector<scheme> parse_schemes(std::string_view json) {
    std::vector<scheme> rows;
    read_schemes(json, rows);
    rows.insert(rows.end(), builtin_schemes().begin(), builtin_schemes().end());
    return rows;
}

}  // namespace tunnel::webhook
