#!/usr/bin/env python3
"""Packages that providers publish on PyPI, against the webhook library, in both directions.

    python_packages.py WEBHOOK_TOOL

Where a package signs, the library verifies what it signed; where it verifies, it accepts what the library signed and
refuses the same with another body. The packages are looked for in the folder TEST_WEBHOOK_PACKAGES/python too;
exits with 77 where they are not installed.
"""

import base64
import datetime
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
import types
import unittest

sys.path.insert(0, os.path.join(os.environ.get("TEST_WEBHOOK_PACKAGES", ""), "python"))
try:
    import discord_interactions
    import nacl.signing
    import paddle_billing.Notifications as paddle
    import razorpay
    import standardwebhooks
    import stripe
    import svix.webhooks
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from hubspot.utils.signature import Signature as HubspotSignature
    from sendgrid.helpers.eventwebhook import EventWebhook
    from slack_sdk.signature import SignatureVerifier
    from square.utils.webhooks_helper import verify_signature as verify_square
    from twilio.request_validator import RequestValidator
    from workos.webhooks._verification import verify_header as verify_workos
except ImportError as error:
    print(f"a package of a provider is not installed: {error}")
    sys.exit(77)

TOOL = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
URL = "https://example.com/hook"
BODY = '{"type": "invoice.paid", "id": "evt_1", "name": "Zo\u00eb / \u20ac"}'
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def ask(what, secret, fields, body, **more):
    request = {"do": what, "secrets": secret, "fields": list(fields.items()), "body": body, "arrived": int(time.time()),
               **more}
    TOOL.stdin.write(json.dumps(request) + "\n")
    TOOL.stdin.flush()
    return json.loads(TOOL.stdout.readline())


class Packages(unittest.TestCase):
    def verdict(self, secret, fields, body=BODY, **more):
        return ask("verify", secret, fields, body, **more)["verdict"]

    def signed(self, secret, fields, body=BODY, **more):
        """The fields as the library signs them, and what else it changed."""
        changes = ask("resign", secret, fields, body, **more)
        self.assertEqual(changes["refusal"], "")
        return {**fields, **dict(changes["fields"])}, changes

    def both(self, secret, sign, accepts, fields, body=BODY, **more):
        """`sign()` gives a package's fields, or is None; `accepts(fields, body)` asks the package."""
        if sign:
            self.assertEqual(self.verdict(secret, sign(), body, **more), "valid")
            self.assertEqual(self.verdict(secret, sign(), body + " ", **more), "invalid")
        ours, _ = self.signed(secret, fields, body, **more)
        self.assertEqual(self.verdict(secret, ours, body, **more), "valid")
        self.assertTrue(accepts(ours, body))
        self.assertFalse(accepts(ours, body + " "))

    def test_stripe(self):
        def sign():
            now = int(time.time())
            signature = stripe.WebhookSignature._compute_signature(f"{now}.{BODY}", "whsec_test")
            return {"Stripe-Signature": f"t={now},v1={signature}"}

        def accepts(fields, body):
            try:
                return stripe.WebhookSignature.verify_header(body, fields["Stripe-Signature"], "whsec_test", 300)
            except stripe.SignatureVerificationError:
                return False

        self.both("stripe = whsec_test", sign, accepts, {"Stripe-Signature": "t=1,v1=00"})

    def test_slack(self):
        verifier = SignatureVerifier("8f742231b10e8888abcd99yyyzzz85a5")

        def sign():
            now = str(int(time.time()))
            return {"X-Slack-Request-Timestamp": now,
                    "X-Slack-Signature": verifier.generate_signature(timestamp=now, body=BODY)}

        self.both("slack = 8f742231b10e8888abcd99yyyzzz85a5", sign,
                  lambda fields, body: verifier.is_valid_request(body, fields), {"X-Slack-Signature": "v0=00"})

    def test_standard_webhooks_and_svix(self):
        for package, prefix, provider in ((standardwebhooks, "webhook", "standard-webhooks"),
                                          (svix.webhooks, "svix", "svix")):
            hook = package.Webhook(WHSEC)

            def sign():
                now = datetime.datetime.now(tz=datetime.timezone.utc)
                return {f"{prefix}-id": "msg_1", f"{prefix}-timestamp": str(int(now.timestamp())),
                        f"{prefix}-signature": hook.sign(msg_id="msg_1", timestamp=now, data=BODY)}

            def accepts(fields, body):
                try:
                    hook.verify(body.encode(), fields)
                    return True
                except package.WebhookVerificationError:
                    return False

            with self.subTest(provider):
                self.both(f"{provider} = {WHSEC}", sign, accepts,
                          {f"{prefix}-id": "msg_1", f"{prefix}-signature": "v1,00"})

    def test_twilio_form(self):
        validator = RequestValidator("12345")
        params = {"CallSid": "CA1", "To": "+18005551212", "Digits": ""}
        body = "To=%2B18005551212&CallSid=CA1&Digits="
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        for url in (URL, "https://example.com:443/hook", "http://example.com:8080/hook?a=1"):
            fields = {**kind, "X-Twilio-Signature": validator.compute_signature(url, params)}
            self.assertEqual(self.verdict("twilio = 12345", fields, body, url=url), "valid")
            ours, _ = self.signed("twilio = 12345", fields, body, url=url)
            self.assertTrue(validator.validate(url, params, ours["X-Twilio-Signature"]))
            self.assertFalse(validator.validate(url, {**params, "To": "x"}, ours["X-Twilio-Signature"]))

    def test_twilio_json(self):
        validator = RequestValidator("12345")
        query = "?bodySHA256=" + validator.compute_hash(BODY)
        fields = {"Content-Type": "application/json",
                  "X-Twilio-Signature": validator.compute_signature(URL + query, {})}
        self.assertEqual(self.verdict("twilio = 12345", fields, url=URL + query), "valid")
        self.assertEqual(self.verdict("twilio = 12345", fields, BODY + " ", url=URL + query), "invalid")
        edited = BODY + " "
        ours, changes = self.signed("twilio = 12345", fields, edited, url=URL + query, target="/hook" + query)
        url = "https://example.com" + changes["target"]
        self.assertTrue(validator.validate(url, edited, ours["X-Twilio-Signature"]))

    def test_twilio_sha256(self):
        validator = RequestValidator("shared")
        fields = {"X-Twilio-Webhooks-Signature-Settings": "key=SK1,algorithm=HMAC_SHA256",
                  "X-Twilio-Signature": validator.compute_signature(URL, {}, "HMAC_SHA256")}
        self.assertEqual(self.verdict("twilio = shared", fields), "valid")
        ours, _ = self.signed("twilio = shared", fields)
        self.assertTrue(validator.validate(URL, {}, ours["X-Twilio-Signature"], "HMAC_SHA256"))

    def test_square(self):
        def accepts(fields, body):
            return verify_square(request_body=body, signature_header=fields["x-square-hmacsha256-signature"],
                                 signature_key="key", notification_url=URL)

        self.both("square = key", None, accepts, {"x-square-hmacsha256-signature": "x"})

    def test_razorpay(self):
        def accepts(fields, body):
            try:
                return razorpay.Utility().verify_webhook_signature(body, fields["X-Razorpay-Signature"], "key")
            except razorpay.errors.SignatureVerificationError:
                return False

        self.both("razorpay = key", None, accepts, {"X-Razorpay-Signature": "x"})

    def test_workos(self):
        def accepts(fields, body):
            try:
                verify_workos(event_body=body.encode(), event_signature=fields["WorkOS-Signature"], secret="key")
                return True
            except ValueError:
                return False

        self.both("workos = key", None, accepts, {"WorkOS-Signature": "t=1, v1=00"})

    def test_paddle(self):
        def accepts(fields, body):
            request = types.SimpleNamespace(headers=fields, body=body.encode())
            return paddle.Verifier().verify(request, paddle.Secret("key"))

        self.both("paddle = key", None, accepts, {"Paddle-Signature": "ts=1;h1=00"})

    def test_hubspot(self):
        fields = {"v1": {"X-HubSpot-Signature-Version": "v1", "X-HubSpot-Signature": "00"},
                  "v2": {"X-HubSpot-Signature-Version": "v2", "X-HubSpot-Signature": "00"},
                  "v3": {"X-HubSpot-Signature-v3": "00", "X-HubSpot-Request-Timestamp": "1"}}
        for version, name in (("v1", "X-HubSpot-Signature"), ("v2", "X-HubSpot-Signature"),
                              ("v3", "X-HubSpot-Signature-v3")):
            def sign():
                now = str(int(time.time() * 1000))
                signature = HubspotSignature.get_signature("key", BODY, version, URL, "POST", now)
                return {**fields[version], name: signature, "X-HubSpot-Request-Timestamp": now}

            def accepts(ours, body):
                return HubspotSignature.is_valid(ours[name], "key", body, URL, "POST", version,
                                                 ours.get("X-HubSpot-Request-Timestamp"))

            with self.subTest(version):
                self.both("hubspot = key", sign, accepts, fields[version])

    def test_discord(self):
        key = nacl.signing.SigningKey.generate()
        public = key.verify_key.encode().hex()
        now = str(int(time.time()))
        signature = key.sign((now + BODY).encode()).signature.hex()
        fields = {"X-Signature-Timestamp": now, "X-Signature-Ed25519": signature}
        self.assertTrue(discord_interactions.verify_key(BODY.encode(), signature, now, public))
        self.assertEqual(self.verdict(f"discord = {public}", fields), "valid")
        self.assertEqual(self.verdict(f"discord = {public}", fields, BODY + " "), "invalid")

    def test_sendgrid(self):
        key = ec.generate_private_key(ec.SECP256R1())
        public = base64.b64encode(key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).decode()
        now = str(int(time.time()))
        signature = base64.b64encode(key.sign((now + BODY).encode(), ec.ECDSA(hashes.SHA256()))).decode()
        fields = {"X-Twilio-Email-Event-Webhook-Signature": signature,
                  "X-Twilio-Email-Event-Webhook-Timestamp": now}
        self.assertTrue(EventWebhook(public).verify_signature(BODY, signature, now))
        self.assertEqual(self.verdict(f"sendgrid = {public}", fields), "valid")
        self.assertEqual(self.verdict(f"sendgrid = {public}", fields, BODY + " "), "invalid")

    def test_standard_webhooks_with_a_public_key(self):
        key = nacl.signing.SigningKey.generate()
        now = str(int(time.time()))
        signature = base64.b64encode(key.sign(f"msg_1.{now}.{BODY}".encode()).signature).decode()
        fields = {"webhook-id": "msg_1", "webhook-timestamp": now, "webhook-signature": f"v1,00 v1a,{signature}"}
        public = "whpk_" + base64.b64encode(key.verify_key.encode()).decode()
        self.assertEqual(self.verdict(f"standard-webhooks = {public}", fields), "valid")
        self.assertEqual(self.verdict(f"standard-webhooks = {public}", fields, BODY + " "), "invalid")

    def test_json_that_python_wrote_again(self):
        """What Flask's get_json() and json.dumps() make of a body is what the doctor names."""
        mac = hmac.new(b"key", json.dumps(json.loads(BODY)).encode(), hashlib.sha256).hexdigest()
        report = ask("diagnose", "github = key", {"X-Hub-Signature-256": "sha256=" + mac}, BODY)
        self.assertEqual(report["cause"], "body_reserialised")
        self.assertIn("json.dumps of Python", report["explanation"])


if __name__ == "__main__":
    program = unittest.main(argv=sys.argv[:1], exit=False)
    TOOL.stdin.close()
    TOOL.stdout.close()
    sys.exit(TOOL.wait() or not program.result.wasSuccessful())
