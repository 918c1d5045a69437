#!/usr/bin/env python3
"""pyngrok, a published client of ngrok's agent API, against the inspector.

    ngrok_clients.py INSPECTOR_SAMPLE_SERVER

pyngrok's own functions are called as its users call them; only the start of ngrok's program is replaced by the address
of the inspector. pyngrok is looked for in the folder TEST_API_CLIENTS too; exits with 77 where it is not
installed.
"""

import base64
import contextlib
import os
import subprocess
import sys
import types
import unittest

sys.path.append(os.environ.get("TEST_API_CLIENTS", ""))
try:
    from pyngrok import conf, exception, ngrok
except ImportError:
    print("pyngrok is not installed (PyPI: pyngrok)")
    sys.exit(77)

PROGRAM = sys.argv[1]


@contextlib.contextmanager
def inspector(*options):
    with subprocess.Popen([PROGRAM, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        _, origin, token = process.stdout.readline().split()
        try:
            yield origin, token
        finally:
            process.stdin.close()


class WithToken(unittest.TestCase):
    """api_request() sends the token as `auth`."""

    def test_requests_are_listed_replayed_and_deleted(self):
        with inspector() as (origin, token):
            url = f"{origin}/api/requests/http"
            listed = ngrok.api_request(url, params={"limit": 5, "tunnel_name": "command_line"}, auth=token)
            self.assertEqual(listed["uri"], "/api/requests/http")
            self.assertEqual(len(listed["requests"]), 5)
            one = ngrok.api_request(f"{origin}{listed['requests'][0]['uri']}", auth=token)
            self.assertEqual(one, listed["requests"][0])
            self.assertEqual(one["request"]["method"], "POST")
            self.assertTrue(base64.b64decode(one["request"]["raw"]).startswith(b"POST /hooks/stripe"))
            replayed = ngrok.api_request(url, method="POST", data={"id": one["id"]}, auth=token)
            self.assertEqual(replayed, {}, "204")
            self.assertEqual(ngrok.api_request(url, method="DELETE", auth=token), {})
            self.assertEqual(ngrok.api_request(url, auth=token)["requests"], [])

    def test_errors_are_those_of_http(self):
        with inspector() as (origin, token):
            with self.assertRaises(exception.PyngrokNgrokHTTPError) as refused:
                ngrok.api_request(f"{origin}/api/tunnels")
            self.assertEqual(refused.exception.status_code, 401)
            with self.assertRaises(exception.PyngrokNgrokHTTPError) as missing:
                ngrok.api_request(f"{origin}/api/requests/http/0000000000001", auth=token)
            self.assertEqual(missing.exception.status_code, 404)


class WithoutToken(unittest.TestCase):
    """The functions that know no token, with ngrok's API left open."""

    def test_tunnels_and_their_metrics(self):
        with inspector("--open-ngrok-api") as (origin, _):
            ngrok.get_ngrok_process = lambda _: types.SimpleNamespace(api_url=origin)
            for version in ("2", "3"):
                config = conf.PyngrokConfig(config_version=version)
                tunnels = ngrok.get_tunnels(config)
                self.assertEqual([t.public_url for t in tunnels], ["https://app.example.dev"], version)
                self.assertEqual(tunnels[0].proto, "https")
                tunnels[0].refresh_metrics()
                self.assertEqual(tunnels[0].metrics["http"]["count"], 20)
            requests = ngrok.api_request(f"{origin}/api/requests/http")["requests"]
            self.assertEqual(len(requests), 20)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=2)
