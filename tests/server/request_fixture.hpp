#pragma once

#include "support/server_fixture.hpp"

namespace tunnel::server {

/// What the caller sends, and the frames that the client hears.
class ServerRequest : public test::server_fixture {
 protected:
    ServerRequest() { settings.forwarded_headers = false; }
};

}  // namespace tunnel::server
